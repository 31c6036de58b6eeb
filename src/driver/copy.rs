//! Copies between the user's memory and the arena. `memory.copy` is a call into the host's library, which costs more
//! than copying a short string; up to 64 bytes are copied by two or four loads and stores that may overlap.

use wasm_encoder::{BlockType, Function, InstructionSink};

use super::emit::{at, is_outside};

const DESTINATION: u32 = 0;
const SOURCE: u32 = 1;
const LEN: u32 = 2;

/// A function `(destination, source, len)` that copies from one memory to another, or within one, where the places may
/// overlap; out of bounds it traps. `after_long` is done after more than 64 bytes were copied.
pub(super) fn copy(to: u32, from: u32, after_long: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new([]);
    let code = &mut function.instructions();
    longer_than(code, 64, |code| {
        code.local_get(DESTINATION).local_get(SOURCE).local_get(LEN).memory_copy(to, from);
        after_long(code);
    });
    longer_than(code, 31, |code| pieces(code, to, from, Lane::V128, &[Start(0), Start(16), End(32), End(16)]));
    longer_than(code, 15, |code| pieces(code, to, from, Lane::V128, &[Start(0), End(16)]));
    longer_than(code, 7, |code| pieces(code, to, from, Lane::I64, &[Start(0), End(8)]));
    longer_than(code, 3, |code| pieces(code, to, from, Lane::I32, &[Start(0), End(4)]));
    longer_than(code, 0, |code| pieces(code, to, from, Lane::I8, &[Start(0), Middle, End(1)]));
    // Nothing is to be copied, but from and to places that must exist.
    is_outside(code, to, DESTINATION, LEN, 1);
    is_outside(code, from, SOURCE, LEN, 1);
    code.i32_or().if_(BlockType::Empty);
    code.local_get(DESTINATION).local_get(SOURCE).local_get(LEN).memory_copy(to, from);
    code.end().end();
    function
}

fn longer_than(code: &mut InstructionSink<'_>, len: i32, then: impl FnOnce(&mut InstructionSink<'_>)) {
    code.local_get(LEN).i32_const(len).i32_gt_u().if_(BlockType::Empty);
    then(code);
    code.return_().end();
}

/// What one load takes.
enum Lane {
    V128,
    I64,
    I32,
    I8,
}

/// Where a piece begins.
#[derive(Clone, Copy)]
enum Place {
    /// So many bytes after the start.
    Start(u32),
    /// So many bytes before the end.
    End(i32),
    /// Half the length after the start.
    Middle,
}
use Place::{End, Middle, Start};

/// Copies pieces that may overlap: everything is loaded before anything is stored.
fn pieces(code: &mut InstructionSink<'_>, to: u32, from: u32, lane: Lane, pieces: &[Place]) {
    for &piece in pieces {
        address(code, DESTINATION, piece);
        let place = at(from, address(code, SOURCE, piece));
        match lane {
            Lane::V128 => code.v128_load(place),
            Lane::I64 => code.i64_load(place),
            Lane::I32 => code.i32_load(place),
            Lane::I8 => code.i32_load8_u(place),
        };
    }
    for &piece in pieces.iter().rev() {
        let place = at(to, if let Start(offset) = piece { offset } else { 0 });
        match lane {
            Lane::V128 => code.v128_store(place),
            Lane::I64 => code.i64_store(place),
            Lane::I32 => code.i32_store(place),
            Lane::I8 => code.i32_store8(place),
        };
    }
}

/// Pushes an address; a piece begins there, or so many bytes after it as the answer says.
fn address(code: &mut InstructionSink<'_>, base: u32, piece: Place) -> u32 {
    code.local_get(base);
    match piece {
        Start(offset) => return offset,
        End(bytes) => code.local_get(LEN).i32_add().i32_const(bytes).i32_sub(),
        Middle => code.local_get(LEN).i32_const(1).i32_shr_u().i32_add(),
    };
    0
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ExportKind, ExportSection, FunctionSection, MemorySection, MemoryType, TypeSection, ValType,
    };
    use wasmtime::{Engine, Instance, Module, Store};

    use super::*;

    /// Within one memory the places overlap in every way.
    #[test]
    fn copies_any_length_between_places_that_overlap() {
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32; 3], []);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut memories = MemorySection::new();
        let ty = MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
        memories.memory(ty);
        let mut exports = ExportSection::new();
        exports.export("copy", ExportKind::Func, 0).export("memory", ExportKind::Memory, 0);
        let mut code = CodeSection::new();
        code.function(&copy(0, 0, |_| {}));
        let mut module = wasm_encoder::Module::new();
        module.section(&types).section(&functions).section(&memories).section(&exports).section(&code);
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &Module::new(&engine, module.finish()).unwrap(), &[]).unwrap();
        let copy = instance.get_typed_func::<(u32, u32, u32), ()>(&mut store, "copy").unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let before: Vec<u8> = (0..300).map(|i| (i * 7 % 251) as u8).collect();
        for len in 0..100 {
            for destination in [0, 1, 50, 95, 99, 100, 101, 103, 108, 115, 131, 170, 200] {
                memory.data_mut(&mut store)[..300].copy_from_slice(&before);
                copy.call(&mut store, (destination, 100, len)).unwrap();
                let mut expected = before.clone();
                expected.copy_within(100..100 + len as usize, destination as usize);
                assert_eq!(memory.data(&store)[..300], expected, "{len} bytes to {destination}");
            }
        }
        for (destination, source, len) in
            [(65530, 0, 7), (0, 65530, 7), (0, 65536, 1), (u32::MAX, 0, 1), (0, 0, 65537), (65537, 0, 0)]
        {
            assert!(copy.call(&mut store, (destination, source, len)).is_err(), "{destination} {source} {len}");
        }
    }
}
