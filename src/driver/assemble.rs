//! Assembly: the user's core module, its WASI imports turned into local functions, the arena and the drivers, in one
//! module without imports.
//!
//! Stubs take the places of the imports, which come first in the function index space, and everything else is
//! appended at the end of its index space: no index of the user's code changes, and its bodies are copied as they
//! are. That code was validated before the arena existed, so it cannot name it.

use std::borrow::Cow;

use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, FunctionSection, GlobalSection, GlobalType, MemorySection,
    MemoryType, Module, RawSection, SectionId, StartSection, TypeSection, ValType,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::{Parser, Payload};

use super::{
    copy, dense,
    emit::{Indices, USER},
    interrupt, rows,
    spec::{DriverSpec, Variant},
    stubs,
};
use crate::{
    error::{Error, Result},
    module::{CoreModule, Facts, checks_entry},
};

/// Exports of the assembled module. The arena, a memory.
pub(crate) const ARENA: &str = "wf:arena";
/// The user's memory, when there is one.
pub(crate) const MEMORY: &str = "wf:memory";
/// What the guest wants to run first, when there is any: its start function and its `_initialize`.
pub(crate) const INIT: &str = "wf:init";

/// The size of a Wasm page in bytes.
const PAGE: u64 = 65536;
/// The arena at the start; the host makes it larger when a single row needs it.
const ARENA_PAGES: u64 = 64;
/// The same in bytes.
pub(crate) const ARENA_SIZE: u64 = ARENA_PAGES * PAGE;

/// Appends the drivers of some functions to a module whose memory may grow to `memory_limit` bytes.
pub(crate) fn assemble(core: &CoreModule, drivers: &[(DriverSpec, Facts)], memory_limit: u64) -> Result<Vec<u8>> {
    let mut assembly = Assembly::read(core, Some(memory_limit))?;
    assembly.append_drivers(core, drivers);
    Ok(assembly.finish(core))
}

/// The module as it is, with its WASI imports turned into local functions; for the general route.
pub(crate) fn without_imports(core: &CoreModule) -> Result<Vec<u8>> {
    let mut assembly = Assembly::read(core, None)?;
    assembly.keep_exports(core);
    Ok(assembly.finish(core))
}

struct Assembly<'a> {
    types: TypeSection,
    functions: FunctionSection,
    memories: MemorySection,
    globals: GlobalSection,
    exports: ExportSection,
    code: CodeSection,
    /// Sections that are taken over as they are.
    raw: Vec<RawSection<'a>>,
    next_type: u32,
    next_function: u32,
    arena: u32,
    /// The start function stays one: on the general route.
    keeps_start: bool,
}

fn raw_section(id: SectionId, bytes: &[u8]) -> RawSection<'_> {
    RawSection { id: id as u8, data: bytes }
}

impl<'a> Assembly<'a> {
    /// Reads the module, puts stubs in place of its imports and adds the arena and our globals.
    fn read(core: &'a CoreModule, memory_limit: Option<u64>) -> Result<Self> {
        let broken = |e: &dyn std::fmt::Display| Error::Module(format!("re-encoding: {e}"));
        let mut this = Self {
            types: TypeSection::new(),
            functions: FunctionSection::new(),
            memories: MemorySection::new(),
            globals: GlobalSection::new(),
            exports: ExportSection::new(),
            code: CodeSection::new(),
            raw: Vec::new(),
            next_type: u32::try_from(core.types.len()).expect("validated"),
            next_function: core.function_count(),
            arena: u32::from(core.memory.is_some()),
            keeps_start: memory_limit.is_none(),
        };
        for import in &core.imports {
            this.functions.function(import.type_index);
        }
        for &ty in &core.functions {
            this.functions.function(ty);
        }
        if let Some(memory) = core.memory {
            let limit = memory_limit.map(|limit| (limit / PAGE).max(memory.initial));
            this.memories.memory(MemoryType {
                minimum: memory.initial,
                maximum: limit.map_or(memory.maximum, |limit| Some(memory.maximum.map_or(limit, |own| own.min(limit)))),
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
        }
        this.memories.memory(MemoryType {
            // On the general route only the stubs use it.
            minimum: if memory_limit.is_some() { ARENA_PAGES } else { 1 },
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut reencoder = RoundtripReencoder;
        for payload in Parser::new(0).parse_all(&core.bytes) {
            match payload.map_err(|e| broken(&e))? {
                Payload::TypeSection(section) => {
                    reencoder.parse_type_section(&mut this.types, section).map_err(|e| broken(&e))?;
                }
                Payload::GlobalSection(section) => {
                    reencoder.parse_global_section(&mut this.globals, section).map_err(|e| broken(&e))?;
                }
                Payload::TableSection(section) => {
                    this.raw.push(raw_section(SectionId::Table, &core.bytes[section.range()]));
                }
                Payload::ElementSection(section) => {
                    this.raw.push(raw_section(SectionId::Element, &core.bytes[section.range()]));
                }
                Payload::DataCountSection { range, .. } => {
                    this.raw.push(raw_section(SectionId::DataCount, &core.bytes[range]));
                }
                Payload::DataSection(section) => {
                    this.raw.push(raw_section(SectionId::Data, &core.bytes[section.range()]))
                }
                _ => {}
            }
        }
        // The state of the random sequence.
        let mutable = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
        this.globals.global(mutable, &ConstExpr::i64_const(0));
        let surroundings = stubs::Surroundings {
            memory: core.memory.is_some(),
            arena: this.arena,
            random: core.globals,
            realloc: core.exports.get("cabi_realloc").copied().filter(|function| {
                let ty = core.function_type(*function);
                ty.params() == [wasmparser::ValType::I32; 4] && ty.results() == [wasmparser::ValType::I32]
            }),
        };
        for import in &core.imports {
            this.code.function(&stubs::stub(import, &core.types[import.type_index as usize], &surroundings));
        }
        if memory_limit.is_none() {
            core.bodies.iter().for_each(|body| {
                this.code.raw(&core.bytes[body.clone()]);
            });
            return Ok(this);
        }
        // The first function that is appended, if there is a memory to copy in.
        let copy = core.function_count();
        for (body, checks_entry) in core.bodies.iter().zip(checks_entry(core)) {
            this.code.raw(&interrupt::instrument(core, body.clone(), this.arena, copy, checks_entry));
        }
        Ok(this)
    }

    fn add_type(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        self.types.ty().function(params.iter().copied(), results.iter().copied());
        self.next_type += 1;
        self.next_type - 1
    }

    fn add_function(&mut self, ty: u32, function: &wasm_encoder::Function) -> u32 {
        self.functions.function(ty);
        self.code.function(function);
        self.next_function += 1;
        self.next_function - 1
    }

    fn append_drivers(&mut self, core: &CoreModule, drivers: &[(DriverSpec, Facts)]) {
        let driver_type = self.add_type(&[ValType::I32; 2], &[ValType::I32]);
        let (mut copy_in, mut copy_out) = (0, 0);
        if core.memory.is_some() {
            let copy_type = self.add_type(&[ValType::I32; 3], &[]);
            let arena = self.arena;
            self.add_function(copy_type, &copy::copy(USER, USER, |code| interrupt::push_check(code, arena)));
            copy_in = self.add_function(copy_type, &copy::copy(USER, arena, |_| {}));
            copy_out = self.add_function(copy_type, &copy::copy(arena, USER, |_| {}));
            self.exports.export(MEMORY, ExportKind::Memory, USER);
        }
        self.exports.export(ARENA, ExportKind::Memory, self.arena);
        self.append_init(core);
        for (index, (spec, facts)) in drivers.iter().enumerate() {
            let exported = |name: &Option<String>| name.as_ref().map(|name| core.exports[name]);
            let to = Indices {
                function: core.exports[&spec.lifted.function],
                realloc: exported(&spec.lifted.realloc),
                post_return: exported(&spec.lifted.post_return),
                arena: self.arena,
                copy_in,
                copy_out,
            };
            for variant in spec.variants(facts) {
                let function = match variant {
                    Variant::Every => rows::driver(spec, &to, false),
                    Variant::Masked => rows::driver(spec, &to, true),
                    Variant::Dense(constants) => dense::driver(spec, &to, facts, constants),
                };
                let function = self.add_function(driver_type, &function);
                self.exports.export(&DriverSpec::export_name(index, variant), ExportKind::Func, function);
            }
        }
    }

    /// The guest's start function is not a start function any more: it is called when the host can interrupt it.
    fn append_init(&mut self, core: &CoreModule) {
        let first: Vec<u32> = core.start.into_iter().chain(core.initialize).collect();
        if first.is_empty() {
            return;
        }
        let mut init = wasm_encoder::Function::new([]);
        first.iter().for_each(|function| {
            init.instructions().call(*function);
        });
        init.instructions().end();
        let ty = self.add_type(&[], &[]);
        let init = self.add_function(ty, &init);
        self.exports.export(INIT, ExportKind::Func, init);
    }

    fn keep_exports(&mut self, core: &CoreModule) {
        let mut names: Vec<_> = core.exports.iter().collect();
        names.sort();
        for (name, &index) in names {
            self.exports.export(name, ExportKind::Func, index);
        }
        if !core.memories.is_empty() {
            self.exports.export("memory", ExportKind::Memory, USER);
        }
    }

    /// Writes the sections in the order that the format prescribes.
    fn finish(self, core: &CoreModule) -> Vec<u8> {
        let mut module = Module::new();
        let taken_over = |module: &mut Module, id: SectionId| {
            for section in self.raw.iter().filter(|section| section.id == id as u8) {
                module.section(section);
            }
        };
        module.section(&self.types).section(&self.functions);
        taken_over(&mut module, SectionId::Table);
        module.section(&self.memories).section(&self.globals).section(&self.exports);
        if let Some(function_index) = core.start.filter(|_| self.keeps_start) {
            module.section(&StartSection { function_index });
        }
        taken_over(&mut module, SectionId::Element);
        taken_over(&mut module, SectionId::DataCount);
        module.section(&self.code);
        taken_over(&mut module, SectionId::Data);
        // Names of the guest's functions make backtraces readable, and no index has changed.
        for payload in Parser::new(0).parse_all(&core.bytes).flatten() {
            if let Payload::CustomSection(section) = payload
                && section.name() == "name"
            {
                module.section(&wasm_encoder::CustomSection {
                    name: Cow::Borrowed("name"),
                    data: Cow::Borrowed(section.data()),
                });
            }
        }
        module.finish()
    }
}
