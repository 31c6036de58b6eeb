//! Taking the one core module that does the work out of a component.
//!
//! Components that wit-bindgen, wasm-component-ld and the wasip2 targets make consist of one core module with the
//! functions, its memory and its `cabi_realloc`, and of shims that wire imports. When every lifted function of a
//! component leads to the same core module, that module can be run on its own and the rest is not needed.

use std::{collections::HashMap, ops::Range};

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, DataKind, ElementKind, ExternalKind, Instance, InstantiationArg,
    Operator, Parser, Payload, TypeRef,
};

use crate::error::{Error, Result};

/// What is behind one exported function of a component, by the export names in the core module.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lifted {
    pub(crate) function: String,
    pub(crate) memory: Option<String>,
    pub(crate) realloc: Option<String>,
    pub(crate) post_return: Option<String>,
}

/// What a component consists of, as far as running its functions is concerned.
#[derive(Debug)]
pub(crate) struct Unwrapped {
    /// Where the core module lies in the component's bytes.
    pub(crate) module: Range<usize>,
    /// Exported functions, `name` or `interface#name`.
    pub(crate) lifted: HashMap<String, Lifted>,
    /// The module's `_initialize` is called before anything else.
    pub(crate) initializes: bool,
}

/// The outline of a component: its index spaces, flat.
#[derive(Debug, Default)]
struct Outline<'a> {
    /// `None` for modules that are not defined here.
    modules: Vec<Option<Range<usize>>>,
    components: Vec<Option<Range<usize>>>,
    imported_module: Option<&'a str>,
    core_instances: Vec<Instance<'a>>,
    core_functions: Vec<Option<(u32, &'a str)>>,
    core_memories: Vec<Option<(u32, &'a str)>>,
    core_tables: Vec<Option<(u32, &'a str)>>,
    functions: Vec<Function<'a>>,
    instances: Vec<Option<ComponentInstance<'a>>>,
    exports: Vec<(&'a str, ComponentExternalKind, u32)>,
}

#[derive(Debug, Clone)]
enum Function<'a> {
    Lift {
        core: u32,
        options: Box<[CanonicalOption]>,
    },
    Import(&'a str),
    /// Of another instance: not a function that this component defines.
    Alias,
}

/// Takes a component apart. `None` when it is made of more than one core module that matters: such a component takes
/// the general route.
///
/// # Errors
/// When the bytes do not parse.
pub(crate) fn unwrap(bytes: &[u8]) -> Result<Option<Unwrapped>> {
    let outline = outline(bytes)?;
    if let Some(import) = outline.imported_module {
        return Err(Error::Module(format!("it imports the module or component {import}, which no sandbox has")));
    }
    let mut lifted = HashMap::new();
    let mut instance = None;
    for (name, function) in outline.exported_functions(bytes)? {
        let Some((core_instance, functions)) = outline.lift(function) else {
            return Ok(None);
        };
        if *instance.get_or_insert(core_instance) != core_instance {
            return Ok(None);
        }
        lifted.insert(name, functions);
    }
    let Some(main) = instance else { return Ok(None) };
    let Some(module) = outline.module_of(main) else { return Ok(None) };
    let mut initializes = false;
    for (other, index) in outline.core_instances.iter().zip(0u32..) {
        let Instance::Instantiate { module_index, args } = other else { continue };
        let Some(range) = outline.modules.get(*module_index as usize).cloned().flatten() else { return Ok(None) };
        let parts = Parts::of(&bytes[range])?;
        let allowed = match index == main {
            true => outline.is_given_shims(bytes, &parts, args)?,
            false => outline.leaves_alone(main, &parts, args, &mut initializes),
        };
        if !allowed {
            return Ok(None);
        }
    }
    Ok(Some(Unwrapped { module, lifted, initializes }))
}

/// What of a core module matters to others when it is instantiated.
#[derive(Debug, Default)]
struct Parts<'a> {
    functions: Vec<(&'a str, &'a str)>,
    tables: Vec<(&'a str, &'a str)>,
    imports_memory: bool,
    /// The index of its start function.
    start: Option<u32>,
    /// The memory segments that are copied at once.
    has_data: bool,
    /// The tables that are written at once.
    written_tables: Vec<u32>,
    /// Its functions do nothing but call others through a table.
    is_shim: bool,
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self> {
        let mut parts = Self { is_shim: true, ..Self::default() };
        for payload in Parser::new(0).parse_all(bytes) {
            let read = payload.and_then(|payload| parts.read(payload));
            read.map_err(|e| Error::Module(e.to_string()))?;
        }
        Ok(parts)
    }

    fn read(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => self.functions.push((import.module, import.name)),
                        TypeRef::Table(_) => self.tables.push((import.module, import.name)),
                        TypeRef::Memory(_) => self.imports_memory = true,
                        _ => {}
                    }
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::DataSection(section) => {
                for data in section {
                    self.has_data |= matches!(data?.kind, DataKind::Active { .. });
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    if let ElementKind::Active { table_index, .. } = element?.kind {
                        self.written_tables.push(table_index.unwrap_or(0));
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    self.is_shim &= matches!(
                        operator?,
                        Operator::LocalGet { .. }
                            | Operator::I32Const { .. }
                            | Operator::CallIndirect { .. }
                            | Operator::End
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a core module is given for an import.
#[derive(Debug, PartialEq, Eq)]
enum Given<'a> {
    /// An export of a core instance.
    Export(u32, &'a str),
    /// A function of the component's own imports.
    Lowered,
    Unknown,
}

/// The most modules and components of a component, and the most that are in each other. Validating takes quadratic time.
const MAX_NESTED: u32 = 1000;
const MAX_DEPTH: u32 = 100;

/// # Errors
/// When a component has too much in it to be looked at.
pub(super) fn check_size(bytes: &[u8]) -> Result<()> {
    outline(bytes).map(drop)
}

fn outline(bytes: &[u8]) -> Result<Outline<'_>> {
    let mut outline = Outline::default();
    let (mut depth, mut nested) = (0u32, 0u32);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|e| Error::Module(e.to_string()))?;
        match payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                nested += 1;
                if depth == 0 {
                    outline.modules.push(Some(unchecked_range));
                }
                depth += 1;
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                nested += 1;
                if depth == 0 {
                    outline.components.push(Some(unchecked_range));
                }
                depth += 1;
            }
            // The component itself ends last, at depth 0.
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ if depth > MAX_DEPTH || nested > MAX_NESTED => {
                return Err(Error::Module(format!(
                    "it has more than {MAX_NESTED} modules and components, or more than {MAX_DEPTH} in each other"
                )));
            }
            payload if depth == 0 => outline.read(payload).map_err(|e| Error::Module(e.to_string()))?,
            _ => {}
        }
    }
    Ok(outline)
}

impl<'a> Outline<'a> {
    fn given(&self, args: &[InstantiationArg<'a>], (module, name): (&'a str, &'a str)) -> Given<'a> {
        let Some(arg) = args.iter().find(|arg| arg.name == module) else { return Given::Unknown };
        match self.core_instances.get(arg.index as usize) {
            Some(Instance::Instantiate { .. }) => Given::Export(arg.index, name),
            Some(Instance::FromExports(exports)) => {
                let Some(export) = exports.iter().find(|export| export.name == name) else { return Given::Unknown };
                let index = export.index as usize;
                let of = |known: Option<&Option<(u32, &'a str)>>, other| match known {
                    Some(Some((instance, name))) => Given::Export(*instance, name),
                    Some(None) => other,
                    None => Given::Unknown,
                };
                match export.kind {
                    ExternalKind::Func => of(self.core_functions.get(index), Given::Lowered),
                    ExternalKind::Table => of(self.core_tables.get(index), Given::Unknown),
                    _ => Given::Unknown,
                }
            }
            None => Given::Unknown,
        }
    }

    /// What the main module imports are functions of the component's imports, or the shims that wit-component puts between
    /// them; not something of the component's own under their names.
    fn is_given_shims(&self, bytes: &[u8], main: &Parts<'a>, args: &[InstantiationArg<'a>]) -> Result<bool> {
        for import in &main.functions {
            let is_shim = match self.given(args, *import) {
                Given::Lowered => true,
                Given::Export(instance, _) => match self.module_of(instance) {
                    Some(range) => Parts::of(&bytes[range])?.is_shim,
                    None => false,
                },
                Given::Unknown => false,
            };
            if !is_shim {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Making another module does nothing to the main one, but for calling its `_initialize`, which wit-component has a
    /// module of its own for.
    fn leaves_alone(
        &self,
        main: u32,
        other: &Parts<'a>,
        args: &[InstantiationArg<'a>],
        initializes: &mut bool,
    ) -> bool {
        if let Some(start) = other.start {
            match other.functions.get(start as usize).map(|import| self.given(args, *import)) {
                Some(Given::Export(instance, "_initialize")) if instance == main => *initializes = true,
                // What it does could matter to the main module.
                _ => return false,
            }
        }
        let writes_a_table_of_main = other.written_tables.iter().any(|table| {
            let import = other.tables.get(*table as usize).map(|import| self.given(args, *import));
            // A table of its own is nobody else's at that time.
            import.is_some_and(|given| !matches!(given, Given::Export(instance, _) if instance != main))
        });
        let writes_memory = other.has_data && other.imports_memory;
        !(writes_a_table_of_main || writes_memory)
    }

    fn read(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.core_instances.push(instance?);
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    match alias? {
                        ComponentAlias::CoreInstanceExport { kind: ExternalKind::Func, instance_index, name } => {
                            self.core_functions.push(Some((instance_index, name)));
                        }
                        ComponentAlias::CoreInstanceExport { kind: ExternalKind::Memory, instance_index, name } => {
                            self.core_memories.push(Some((instance_index, name)));
                        }
                        ComponentAlias::CoreInstanceExport { kind: ExternalKind::Table, instance_index, name } => {
                            self.core_tables.push(Some((instance_index, name)));
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Func, .. } => {
                            self.functions.push(Function::Alias);
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Instance, .. } => {
                            self.instances.push(None);
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. }
                        | ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } => {
                            self.modules.push(None);
                        }
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. }
                        | ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, .. } => {
                            self.components.push(None);
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    match function? {
                        CanonicalFunction::Lift { core_func_index, options, .. } => {
                            self.functions.push(Function::Lift { core: core_func_index, options });
                        }
                        _ => self.core_functions.push(None),
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import?;
                    match import.ty {
                        ComponentTypeRef::Func(_) => self.functions.push(Function::Import(import.name.name)),
                        ComponentTypeRef::Instance(_) => self.instances.push(None),
                        ComponentTypeRef::Module(_) | ComponentTypeRef::Component(_) => {
                            self.imported_module = Some(import.name.name);
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    self.instances.push(Some(instance?));
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports.push((export.name.name, export.kind, export.index));
                    // An export adds an item to the index space of its kind: another name for the same thing.
                    match export.kind {
                        ComponentExternalKind::Func => {
                            let same = self.functions.get(export.index as usize).cloned();
                            self.functions.push(same.unwrap_or(Function::Import(export.name.name)));
                        }
                        ComponentExternalKind::Instance => self.instances.push(None),
                        ComponentExternalKind::Module => self.modules.push(None),
                        ComponentExternalKind::Component => self.components.push(None),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The module that a core instance is made of, when it is defined here.
    fn module_of(&self, instance: u32) -> Option<Range<usize>> {
        match self.core_instances.get(instance as usize)? {
            Instance::Instantiate { module_index, .. } => self.modules.get(*module_index as usize)?.clone(),
            Instance::FromExports(_) => None,
        }
    }

    /// Every exported function with its index; those in exported interfaces as `interface#name`.
    fn exported_functions(&self, bytes: &[u8]) -> Result<Vec<(String, u32)>> {
        let mut found = Vec::new();
        for &(name, kind, index) in &self.exports {
            match kind {
                ComponentExternalKind::Func => found.push((name.to_owned(), index)),
                ComponentExternalKind::Instance => {
                    for (function, index) in self.instance_functions(bytes, index)? {
                        found.push((format!("{name}#{function}"), index));
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The functions of an exported instance. wit-component makes such instances with a little component that takes
    /// each function as an import and exports it again under its name.
    fn instance_functions(&self, bytes: &[u8], instance: u32) -> Result<Vec<(String, u32)>> {
        match self.instances.get(instance as usize) {
            Some(Some(ComponentInstance::FromExports(exports))) => Ok(exports
                .iter()
                .filter(|export| export.kind == ComponentExternalKind::Func)
                .map(|export| (export.name.name.to_owned(), export.index))
                .collect()),
            Some(Some(ComponentInstance::Instantiate { component_index, args })) => {
                let Some(Some(range)) = self.components.get(*component_index as usize) else {
                    return Ok(Vec::new());
                };
                let inner = outline(&bytes[range.clone()])?;
                let through = |index: u32| match inner.functions.get(index as usize) {
                    Some(Function::Import(import)) => args.iter().find(|arg| arg.name == *import).map(|arg| arg.index),
                    _ => None,
                };
                Ok(inner
                    .exports
                    .iter()
                    .filter(|(_, kind, _)| *kind == ComponentExternalKind::Func)
                    .filter_map(|&(name, _, index)| Some((name.to_owned(), through(index)?)))
                    .collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The core instance and the core functions behind a component function, when all of them are exports of that one
    /// instance and strings are UTF-8.
    fn lift(&self, function: u32) -> Option<(u32, Lifted)> {
        let Function::Lift { core, options } = self.functions.get(function as usize)? else {
            return None;
        };
        let core_function = |index: u32| *self.core_functions.get(index as usize)?;
        let (instance, function) = core_function(*core)?;
        let own = |(at, name): (u32, &str)| (at == instance).then(|| name.to_owned());
        let mut lifted = Lifted { function: function.to_owned(), memory: None, realloc: None, post_return: None };
        for option in options.iter() {
            match option {
                CanonicalOption::UTF8 => {}
                CanonicalOption::Memory(index) => {
                    lifted.memory = Some(own((*self.core_memories.get(*index as usize)?)?)?);
                }
                CanonicalOption::Realloc(index) => lifted.realloc = Some(own(core_function(*index)?)?),
                CanonicalOption::PostReturn(index) => lifted.post_return = Some(own(core_function(*index)?)?),
                _ => return None,
            }
        }
        Some((instance, lifted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_MODULE: &str = r#"(component
        (core module $m (func (export "f") (param i32) (result i32) local.get 0))
        (core instance $i (instantiate $m))
        (func $f (param "x" s32) (result s32) (canon lift (core func $i "f")))
        (export "f" (func $f))
        (component $api (import "import-func-g" (func $g (param "x" s32) (result s32))) (export "g" (func $g)))
        (instance $api-instance (instantiate $api (with "import-func-g" (func $f))))
        (export "demo:x/api" (instance $api-instance)))"#;

    #[test]
    fn one_module_is_taken_out() {
        let bytes = wat::parse_str(ONE_MODULE).unwrap();
        let unwrapped = unwrap(&bytes).unwrap().unwrap();
        assert_eq!(&bytes[unwrapped.module.clone()][..4], b"\0asm");
        let lifted = Lifted { function: "f".into(), memory: None, realloc: None, post_return: None };
        assert_eq!(unwrapped.lifted["f"], lifted);
        assert_eq!(unwrapped.lifted["demo:x/api#g"], lifted);
    }

    #[test]
    fn modules_that_start_something_or_come_from_elsewhere_take_the_general_route() {
        for text in [
            r#"(component
                (core module $m (global $g (mut i32) (i32.const 0))
                    (func (export "set") (global.set $g (i32.const 7)))
                    (func (export "f") (result i32) (global.get $g)))
                (core instance $i (instantiate $m))
                (core module $n (import "m" "set" (func $set)) (func $s (call $set)) (start $s))
                (core instance (instantiate $n (with "m" (instance $i))))
                (func $f (result s32) (canon lift (core func $i "f"))) (export "f" (func $f)))"#,
            r#"(component $outer
                (core module $a (func (export "f") (result i32) i32.const 1))
                (component $inner (alias outer $outer $a (core module $b))
                    (core instance $i (instantiate $b))
                    (func $f (result s32) (canon lift (core func $i "f"))) (export "f" (func $f)))
                (instance $x (instantiate $inner)) (export "f" (func $x "f")))"#,
        ] {
            assert!(unwrap(&wat::parse_str(text).unwrap()).unwrap().is_none());
        }
    }

    #[test]
    fn functions_of_two_instances_take_the_general_route() {
        let bytes = wat::parse_str(
            r#"(component
                (core module $m (func (export "f") (result i32) i32.const 1))
                (core instance $i (instantiate $m)) (core instance $j (instantiate $m))
                (func $f (result s32) (canon lift (core func $i "f")))
                (func $g (result s32) (canon lift (core func $j "f")))
                (export "f" (func $f)) (export "g" (func $g)))"#,
        )
        .unwrap();
        assert!(unwrap(&bytes).unwrap().is_none());
    }
}
