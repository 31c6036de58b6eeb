//! What is in a core module: the index spaces that drivers are appended to.

use std::{collections::HashMap, ops::Range, sync::Arc};

use wasmparser::{
    BinaryReader, CompositeInnerType, ExternalKind, FuncType, FunctionBody, MemoryType, OperatorsReader, Parser,
    Payload, TypeRef, Validator, WasmFeatures,
};

use crate::error::{Error, Result};

/// The prefix of everything that is appended to a module; no module may export it.
pub(crate) const RESERVED_PREFIX: &str = "wf:";

/// The proposals that guests may use: what compilers emit by default, plus SIMD. Anything else is refused by name.
pub(crate) fn guest_features() -> WasmFeatures {
    let on = WasmFeatures::WASM1
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIMD
        | WasmFeatures::EXTENDED_CONST;
    // References to things outside need a collector, and there is nothing outside.
    on - WasmFeatures::GC_TYPES
}

/// A function that a core module imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionImport {
    pub(crate) module: String,
    pub(crate) field: String,
    pub(crate) type_index: u32,
}

/// A parsed, valid core module.
#[derive(Debug, Clone)]
pub(crate) struct CoreModule {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) types: Vec<FuncType>,
    /// Imported functions, which come first in the function index space.
    pub(crate) imports: Vec<FunctionImport>,
    /// Imported memories, tables, globals and tags, as `module.field`.
    pub(crate) other_imports: Vec<String>,
    /// The type index of each function that the module defines.
    pub(crate) functions: Vec<u32>,
    /// Where the body of each defined function lies in `bytes`.
    pub(crate) bodies: Vec<Range<usize>>,
    pub(crate) memory: Option<MemoryType>,
    /// How many globals there are.
    pub(crate) globals: u32,
    /// Exported functions by name.
    pub(crate) exports: HashMap<String, u32>,
    /// The names under which the memory is exported.
    pub(crate) memories: Vec<String>,
    pub(crate) start: Option<u32>,
    /// The exported function `_initialize`, which is called after the start function.
    pub(crate) initialize: Option<u32>,
    /// An exported name that is reserved, of any kind.
    reserved: Option<String>,
}

impl CoreModule {
    /// Validates and parses a binary core module.
    ///
    /// # Errors
    /// When it is not valid, uses a proposal that is off, or exports a reserved name.
    pub(crate) fn parse(bytes: Arc<[u8]>) -> Result<Self> {
        let refused = |e: wasmparser::BinaryReaderError| Error::Module(e.to_string());
        Validator::new_with_features(guest_features()).validate_all(&bytes).map_err(refused)?;
        let mut module = Self {
            bytes: Arc::clone(&bytes),
            types: Vec::new(),
            imports: Vec::new(),
            other_imports: Vec::new(),
            functions: Vec::new(),
            bodies: Vec::new(),
            memory: None,
            globals: 0,
            exports: HashMap::new(),
            memories: Vec::new(),
            start: None,
            initialize: None,
            reserved: None,
        };
        for payload in Parser::new(0).parse_all(&bytes) {
            module.read(payload.map_err(refused)?).map_err(refused)?;
        }
        if let Some(&initialize) = module.exports.get("_initialize") {
            let ty = module.function_type(initialize);
            if !ty.params().is_empty() || !ty.results().is_empty() {
                return Err(Error::Module(
                    "its export _initialize takes or returns something; it is called with nothing".into(),
                ));
            }
            module.initialize = Some(initialize);
        }
        match &module.reserved {
            Some(name) => Err(Error::Module(format!(
                "it exports '{name}', but names that begin with '{RESERVED_PREFIX}' are reserved for the batch drivers"
            ))),
            None => Ok(module),
        }
    }

    fn read(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.types() {
                        // Without the GC proposal every type is a function type.
                        if let CompositeInnerType::Func(ty) = &ty.composite_type.inner {
                            self.types.push(ty.clone());
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(type_index) => self.imports.push(FunctionImport {
                            module: import.module.to_owned(),
                            field: import.name.to_owned(),
                            type_index,
                        }),
                        _ => self.other_imports.push(format!("{}.{}", import.module, import.name)),
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory = Some(memory?);
                }
            }
            Payload::GlobalSection(section) => self.globals += section.count(),
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.name.starts_with(RESERVED_PREFIX) {
                        self.reserved = Some(export.name.to_owned());
                    }
                    match export.kind {
                        ExternalKind::Func => {
                            self.exports.insert(export.name.to_owned(), export.index);
                        }
                        ExternalKind::Memory => self.memories.push(export.name.to_owned()),
                        _ => {}
                    }
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            _ => {}
        }
        Ok(())
    }

    /// The type of a function by its index, imports included.
    pub(crate) fn function_type(&self, function: u32) -> &FuncType {
        let imported = self.imports.len();
        let index = match self.imports.get(function as usize) {
            Some(import) => import.type_index,
            None => self.functions[function as usize - imported],
        };
        &self.types[index as usize]
    }

    /// The instructions of a function that the module defines.
    pub(crate) fn operators(&self, function: u32) -> Option<OperatorsReader<'_>> {
        let body = self.bodies.get((function as usize).checked_sub(self.imports.len())?)?.clone();
        let reader = BinaryReader::new(&self.bytes[body.clone()], body.start);
        FunctionBody::new(reader).get_operators_reader().ok()
    }

    /// The number of functions, imports included.
    pub(crate) fn function_count(&self) -> u32 {
        u32::try_from(self.imports.len() + self.functions.len()).expect("validated: below 2^32")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<CoreModule> {
        CoreModule::parse(wat::parse_str(text).unwrap().into())
    }

    #[test]
    fn reads_the_index_spaces() {
        let module = parse(
            r#"(module (import "a" "b" (func (param i32))) (memory 1) (global i32 (i32.const 0))
                 (func (export "f") (param i64) (result i64) local.get 0))"#,
        )
        .unwrap();
        assert_eq!(module.exports["f"], 1);
        assert_eq!(module.function_type(1).params(), [wasmparser::ValType::I64]);
        assert_eq!((module.function_count(), module.globals), (2, 1));
    }

    #[test]
    fn refuses_reserved_names_and_proposals_that_are_off() {
        let error = parse(r#"(module (func (export "wf:x")))"#).unwrap_err().to_string();
        assert!(error.contains("wf:x"), "{error}");
        let error = parse("(module (memory i64 1))").unwrap_err().to_string();
        assert!(error.contains("memory64"), "{error}");
        let error = parse("(module (memory 1 1 shared))").unwrap_err().to_string();
        assert!(error.contains("threads"), "{error}");
    }
}
