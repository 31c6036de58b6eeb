//! Inspect: from the bytes that a user gave to what can be called in them.

mod component;
mod core;
mod facts;
mod flat;
mod signature;
mod types;
mod wasi;
mod wit;

use std::{collections::HashMap, sync::Arc, thread};

use sha2::{Digest, Sha256};

pub(crate) use self::{
    component::Lifted,
    core::{CoreModule, FunctionImport, RESERVED_PREFIX, guest_features},
    facts::{Facts, checks_entry, prove},
    signature::{DeclaredTypes, accepts, natural_type},
    wasi::{Answer, PREVIEW_1, unversioned},
    wit::Wit,
};
use self::{signature::basic_type, wasi::is_wasi};
pub use self::{
    signature::{Column, Parameter, Signature},
    types::{GuestSignature, GuestType},
};
use crate::error::{Error, Result, shown};

/// How values cross between SQL and the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Abi {
    /// Numbers only, one core parameter each.
    Basic,
    /// The component model's canonical ABI.
    Canonical,
}

/// The SHA-256 of a module's bytes (and of the WIT text given with it), which names it everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleHash([u8; 32]);

impl std::fmt::Display for ModuleHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for ModuleHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A module as the user gave it, validated and taken apart.
#[derive(Debug)]
pub struct Module {
    hash: ModuleHash,
    /// The binary form.
    bytes: Arc<[u8]>,
    wit: Option<Wit>,
    /// The text of the WIT that was given with the module.
    wit_text: Option<Arc<str>>,
    is_component: bool,
    /// The core module that holds the functions; of a component only when it can be unwrapped.
    core: Option<CoreModule>,
    /// Of a component that was unwrapped: the core functions behind its exports.
    lifted: HashMap<String, Lifted>,
}

/// An exported function that was found under a SQL name.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    /// Its name in the module or in WIT (`interface#name`).
    pub(crate) name: String,
    pub(crate) guest: GuestSignature,
    /// The core functions to call; `None` when only the general route reaches it.
    pub(crate) lifted: Option<Lifted>,
}

/// The stack for looking at a module, in bytes; only what is used takes memory.
const DEEP_STACK: usize = 512 << 20;

/// The most bytes of WIT text.
const MAX_WIT: usize = 4 << 20;

impl Module {
    /// Reads a module: a core module or a component, as binary or as WAT text, with WIT text for a core module.
    ///
    /// # Errors
    /// When it is larger than `max_size` bytes, not valid, or imports what no sandbox gives.
    pub fn read(bytes: &[u8], wit: Option<&str>, max_size: u64) -> Result<Self> {
        // Types and interfaces that use each other in long chains are followed by recursion.
        let mut inspector = thread::Builder::new().name("wasmfusion-inspector".to_owned());
        inspector = inspector.stack_size(DEEP_STACK);
        thread::scope(|scope| {
            let inspector = inspector.spawn_scoped(scope, || Self::inspect(bytes, wit, max_size));
            let inspector = inspector.map_err(|error| Error::Module(format!("no thread to look at it: {error}")))?;
            inspector.join().unwrap_or_else(|_| Err(Error::Module("looking at it failed by a defect of ours".into())))
        })
    }

    fn inspect(bytes: &[u8], wit: Option<&str>, max_size: u64) -> Result<Self> {
        if let Some(wit) = wit.filter(|wit| wit.len() > MAX_WIT) {
            return Err(Error::Signature(format!(
                "WIT: the text has {} bytes; at most {MAX_WIT} are allowed",
                wit.len()
            )));
        }
        if bytes.len() as u64 > max_size {
            return Err(Error::Module(format!(
                "it has more than the {max_size} bytes that are allowed (wasm.max_raw_module_size)",
            )));
        }
        let bytes = to_binary(bytes)?;
        let mut hasher = Sha256::new();
        hasher.update(&bytes);
        if let Some(wit) = wit {
            hasher.update(b"\0wit\0");
            hasher.update(wit);
        }
        let hash = ModuleHash(hasher.finalize().into());
        if wasmparser::Parser::is_component(&bytes) {
            if wit.is_some() {
                return Err(Error::Signature("a component carries its WIT; WITH WIT is for core modules".into()));
            }
            Self::of_component(hash, bytes)
        } else {
            Self::of_core(hash, bytes, wit)
        }
    }

    fn of_core(hash: ModuleHash, bytes: Arc<[u8]>, wit_text: Option<&str>) -> Result<Self> {
        let wit = wit_text.map(Wit::parse).transpose()?;
        let wit_text = wit_text.map(Arc::from);
        let core = CoreModule::parse(Arc::clone(&bytes))?;
        if let Some(import) = core.other_imports.first() {
            return Err(Error::Module(format!(
                "it imports {}, which no sandbox has; modules bring their own",
                shown(import)
            )));
        }
        if let Some(import) = core.imports.iter().find(|import| !is_wasi(&import.module)) {
            return Err(Error::Module(format!(
                "it imports the function {}.{}, which no sandbox has: only WASI may be imported",
                shown(&import.module),
                shown(&import.field)
            )));
        }
        let is_wrong =
            |import: &&FunctionImport| Answer::of(import, &core.types[import.type_index as usize]) == Answer::WrongType;
        if let Some(import) = core.imports.iter().find(is_wrong) {
            return Err(Error::Module(format!(
                "it imports {}.{} with a type that WASI does not have",
                shown(&import.module),
                shown(&import.field)
            )));
        }
        Ok(Self { hash, bytes, wit, wit_text, is_component: false, core: Some(core), lifted: HashMap::new() })
    }

    fn of_component(hash: ModuleHash, bytes: Arc<[u8]>) -> Result<Self> {
        component::check_size(&bytes)?;
        wasmparser::Validator::new_with_features(guest_features() | wasmparser::WasmFeatures::COMPONENT_MODEL)
            .validate_all(&bytes)
            .map_err(|e| Error::Module(e.to_string()))?;
        let wit = Wit::of_component(&bytes)?;
        if let Some(import) = wit.foreign_imports().first() {
            return Err(Error::Module(format!("it imports {import}, which no sandbox has: only WASI may be imported")));
        }
        let mut core = None;
        let mut lifted = HashMap::new();
        if let Some(unwrapped) = component::unwrap(&bytes)? {
            let mut module = CoreModule::parse(bytes[unwrapped.module].into())?;
            module.initialize = module.initialize.filter(|_| unwrapped.initializes);
            // What such a module imports are shims for the WASI that the component imports; anything else means that
            // other modules matter.
            let imported = wit.imported_interfaces();
            let is_shim = |import: &FunctionImport| match import.module.starts_with("wasi:") {
                true => imported.contains(unversioned(&import.module)),
                false => is_wasi(&import.module) && imported.iter().any(|name| name.starts_with("wasi:")),
            };
            if module.other_imports.is_empty() && module.imports.iter().all(is_shim) {
                core = Some(module);
                lifted = unwrapped.lifted;
            }
        }
        Ok(Self { hash, bytes, wit: Some(wit), wit_text: None, is_component: true, core, lifted })
    }

    /// The module's name by content.
    #[must_use]
    pub fn hash(&self) -> ModuleHash {
        self.hash
    }

    /// The size in bytes of the binary form.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The ABI when none is declared: CANONICAL for a component or when WIT is given, else BASIC.
    #[must_use]
    pub fn default_abi(&self) -> Abi {
        if self.wit.is_some() { Abi::Canonical } else { Abi::Basic }
    }

    /// The linear memory that the module has at the start, in bytes; 0 when it is not known before it runs.
    pub(crate) fn declared_memory(&self) -> u64 {
        self.core.as_ref().and_then(|core| core.memory).map_or(0, |memory| memory.initial.saturating_mul(65536))
    }

    pub(crate) fn core(&self) -> Option<&CoreModule> {
        self.core.as_ref()
    }

    pub(crate) fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    pub(crate) fn wit(&self) -> Option<&Wit> {
        self.wit.as_ref()
    }

    pub(crate) fn wit_text(&self) -> Option<&str> {
        self.wit_text.as_deref()
    }

    pub(crate) fn is_component(&self) -> bool {
        self.is_component
    }

    /// Finds the function for a SQL name: `export` when it is given, else the one named like `name`, where `_` in SQL
    /// stands for `-` too. `declared` gives the types of a BASIC function, which has no others.
    ///
    /// # Errors
    /// When there is none, naming those that there are, or when the ABI does not fit.
    pub(crate) fn export(
        &self,
        name: &str,
        export: Option<&str>,
        abi: Abi,
        declared: &DeclaredTypes,
    ) -> Result<Export> {
        match abi {
            Abi::Basic => self.basic_export(name, export, declared),
            Abi::Canonical => self.canonical_export(name, export),
        }
    }

    fn basic_export(&self, name: &str, export: Option<&str>, declared: &DeclaredTypes) -> Result<Export> {
        let core = match &self.core {
            Some(_) if !self.is_component && self.wit.is_some() => {
                return Err(Error::Signature("ABI BASIC takes its types from SQL, so WITH WIT contradicts it".into()));
            }
            Some(core) if !self.is_component => core,
            _ => return Err(Error::Signature("the module is a component; ABI BASIC is for core modules".into())),
        };
        let found = pick(name, export, core.exports.keys().map(String::as_str))?;
        if declared.table.is_some() {
            return Err(Error::Signature(
                "RETURNS TABLE needs a component, or WITH WIT: ABI BASIC returns one number".into(),
            ));
        }
        let (Some(params), Some(result)) = (&declared.params, &declared.result) else {
            return Err(Error::Signature(
                "a BASIC function needs its types: CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM …, or give \
                 WITH WIT"
                    .into(),
            ));
        };
        let basic = |ty, what: &str| {
            basic_type(ty).ok_or_else(|| {
                Error::Signature(format!(
                    "{what} is {ty}, which ABI BASIC cannot pass (numbers, booleans, dates and times only); give WITH \
                     WIT to use ABI CANONICAL"
                ))
            })
        };
        let guest = GuestSignature {
            params: params
                .iter()
                .map(|param| Ok((param.name.clone(), basic(&param.data_type, &param.name)?)))
                .collect::<Result<_>>()?,
            result: basic(result, "the result")?,
            fallible: false,
        };
        let lifted = Lifted { function: found.to_owned(), memory: None, realloc: None, post_return: None };
        flat::check(core, &lifted, &guest, Abi::Basic)?;
        Ok(Export { name: found.to_owned(), guest, lifted: Some(lifted) })
    }

    fn canonical_export(&self, name: &str, export: Option<&str>) -> Result<Export> {
        let Some(wit) = &self.wit else {
            return Err(Error::Signature("ABI CANONICAL needs a component, or WITH WIT for a core module".into()));
        };
        let functions = wit.functions();
        let found = pick(name, export, functions.iter().map(|(name, _)| name.as_str()))?;
        let (found, function) = functions.iter().find(|(name, _)| name == found).expect("picked from it");
        let guest = wit.signature(function)?;
        let lifted = match (&self.core, self.is_component) {
            (Some(_), true) => self.lifted.get(found).cloned(),
            (Some(core), false) => Some(conventional(core, found)?),
            (None, _) => None,
        };
        if let (Some(core), Some(lifted)) = (&self.core, &lifted) {
            flat::check(core, lifted, &guest, Abi::Canonical)?;
        }
        Ok(Export { name: found.clone(), guest, lifted })
    }
}

/// The names by which a core module without a component around it exports a function of its WIT world (the naming
/// convention of wit-component).
fn conventional(core: &CoreModule, name: &str) -> Result<Lifted> {
    if !core.exports.contains_key(name) {
        return Err(Error::Signature(format!(
            "WIT has the function {name}, but the module does not export it; it exports {}",
            list(core.exports.keys().map(String::as_str))
        )));
    }
    let exported = |name: String| core.exports.contains_key(&name).then_some(name);
    Ok(Lifted {
        function: name.to_owned(),
        memory: core.memories.iter().find(|name| *name == "memory").cloned(),
        realloc: exported("cabi_realloc".to_owned()),
        post_return: exported(format!("cabi_post_{name}")),
    })
}

fn to_binary(bytes: &[u8]) -> Result<Arc<[u8]>> {
    if bytes.starts_with(b"\0asm") {
        return Ok(bytes.into());
    }
    if bytes.is_empty() {
        return Err(Error::Module("it is empty".into()));
    }
    match wat::parse_bytes(bytes) {
        Ok(binary) => Ok(binary.into_owned().into()),
        Err(e) => Err(Error::Module(format!("neither a Wasm binary nor WAT text: {e}"))),
    }
}

/// Picks the export for a SQL name: an exact match first, then one in which `-` stands for `_`, then the same among
/// the functions of interfaces.
fn pick<'a>(name: &str, export: Option<&str>, names: impl Iterator<Item = &'a str>) -> Result<&'a str> {
    let names: Vec<&str> = names.collect();
    let wanted = export.unwrap_or(name);
    let same = |candidate: &str| candidate.replace('-', "_") == wanted.replace('-', "_");
    let unqualified = |candidate: &str| candidate.rsplit('#').next().is_some_and(same);
    let those = |is_meant: &dyn Fn(&str) -> bool| -> Vec<&'a str> {
        names.iter().copied().filter(|name| is_meant(name)).collect()
    };
    let found = [those(&|name| name == wanted), those(&same), those(&unqualified)];
    match found.iter().find(|found| !found.is_empty()).map(Vec::as_slice) {
        Some([found]) => Ok(found),
        None | Some([]) => Err(Error::Signature(format!(
            "the module exports no function {}; it exports {}. USING EXPORT names one",
            shown(wanted),
            list(names.iter().copied())
        ))),
        Some(several) => Err(Error::Signature(format!(
            "several exports could be {}: {}. USING EXPORT names one",
            shown(wanted),
            list(several.iter().copied())
        ))),
    }
}

/// The most names that a message lists.
const MAX_LISTED: usize = 50;

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.filter(|name| !name.starts_with("cabi_")).collect();
    names.sort_unstable();
    let (first, more) = names.split_at(names.len().min(MAX_LISTED));
    let mut text = first.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
    if !more.is_empty() {
        text += &format!(" and {} more", more.len());
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_with_dashes_and_through_interfaces() {
        let names = || ["word-count", "a:b/c#shout", "a:b/d#other"].into_iter();
        assert_eq!(pick("word_count", None, names()).unwrap(), "word-count");
        assert_eq!(pick("shout", None, names()).unwrap(), "a:b/c#shout");
        assert_eq!(pick("x", Some("a:b/d#other"), names()).unwrap(), "a:b/d#other");
        let error = pick("nope", None, names()).unwrap_err().to_string();
        assert!(error.contains("word-count"), "{error}");
    }

    #[test]
    fn components_with_wasi_are_unwrapped_unless_they_bring_their_own() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/udf-fixtures/built/faulty.p2.wasm");
        let module = Module::read(&std::fs::read(path).unwrap(), None, 1 << 25).unwrap();
        assert!(module.core().is_some());
        let own = r#"(component
            (core module $lib (func (export "get-random-u64") (result i64) i64.const 42))
            (core instance $lib (instantiate $lib))
            (core module $m (import "wasi:random/random" "get-random-u64" (func $r (result i64)))
                (func (export "f") (result i64) (call $r)))
            (core instance $i (instantiate $m (with "wasi:random/random" (instance $lib))))
            (func $f (result s64) (canon lift (core func $i "f"))) (export "f" (func $f)))"#;
        let module = Module::read(own.as_bytes(), None, 1 << 25).unwrap();
        assert!(module.core().is_none());
    }

    #[test]
    fn foreign_imports_are_refused_by_name() {
        let error = Module::read(br#"(module (import "env" "secret" (func)))"#, None, 1 << 20).unwrap_err();
        assert!(error.to_string().contains("env.secret"), "{error}");
    }

    #[test]
    fn too_large_or_not_wasm_is_refused() {
        assert!(Module::read(b"(module)", None, 4).unwrap_err().to_string().contains("max_raw_module_size"));
        assert!(Module::read(b"\x7fELF", None, 100).unwrap_err().to_string().contains("neither"));
    }
}
