//! WASI 0.2 as lowered by the canonical ABI: what a component's core module imports.
//!
//! Results that do not fit one core value are written to a return area whose address is the last parameter.

use super::{Stub, at};
use crate::{driver::emit::USER, module::unversioned};

/// Writes the body of function `name` of `interface`, which answers and has `params` core parameters.
pub(super) fn answer(stub: &mut Stub<'_, '_>, interface: &str, name: &str, params: u32) {
    let ret = params.wrapping_sub(1);
    match (unversioned(interface), name) {
        (_, drop) if drop.starts_with("[resource-drop]") => {}
        ("wasi:cli/environment", "get-environment" | "get-arguments")
        | ("wasi:filesystem/preopens", "get-directories") => empty_list(stub, ret),
        // option<…>: none
        ("wasi:cli/environment", "initial-cwd")
        | ("wasi:cli/terminal-stdin" | "wasi:cli/terminal-stdout" | "wasi:cli/terminal-stderr", _) => {
            stub.byte(ret, 0, 0);
        }
        ("wasi:cli/exit", _) => stub.exit(0),
        // Handles: any number will do.
        ("wasi:cli/stdin" | "wasi:cli/stdout" | "wasi:cli/stderr", _) => {
            stub.code.i32_const(1);
        }
        ("wasi:io/streams", "[method]output-stream.check-write") => {
            // ok(65536)
            stub.byte(ret, 0, 0);
            stub.code.local_get(ret).i64_const(65536).i64_store(at(USER, 8));
        }
        ("wasi:io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => {
            stub.write(1, 2);
            stub.byte(ret, 0, 0);
        }
        ("wasi:io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => {
            stub.byte(ret, 0, 0);
        }
        ("wasi:io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => {
            // err(closed): standard input is at its end.
            stub.byte(ret, 0, 1);
            stub.byte(ret, 4, 1);
        }
        ("wasi:clocks/monotonic-clock", "now") => {
            stub.code.i64_const(0);
        }
        ("wasi:clocks/monotonic-clock", "resolution") => {
            stub.code.i64_const(1);
        }
        ("wasi:clocks/wall-clock", "now" | "resolution") => stub.zeros(ret, 0, 2),
        ("wasi:random/random" | "wasi:random/insecure", "get-random-u64" | "get-insecure-random-u64") => {
            stub.random();
        }
        ("wasi:random/random" | "wasi:random/insecure", _) => random_bytes(stub, ret),
        ("wasi:random/insecure-seed", _) => {
            for offset in [0, 8] {
                stub.code.local_get(ret);
                stub.random();
                stub.code.i64_store(at(USER, offset));
            }
        }
        (interface, name) => unreachable!("{interface} {name} does not answer"),
    }
}

fn empty_list(stub: &mut Stub<'_, '_>, ret: u32) {
    // A pointer that every element type is aligned to.
    stub.number(ret, 0, 8);
    stub.number(ret, 4, 0);
}

/// `func(len: u64) -> list<u8>`, in memory that the guest's own allocator gives.
fn random_bytes(stub: &mut Stub<'_, '_>, ret: u32) {
    let Some(realloc) = stub.to.realloc else { return stub.trap() };
    let [pointer, len, _] = stub.scratch;
    stub.code.local_get(0).i32_wrap_i64().local_set(len);
    stub.code.i32_const(0).i32_const(0).i32_const(1).local_get(len).call(realloc).local_set(pointer);
    stub.code.local_get(ret).local_get(pointer).i32_store(at(USER, 0));
    stub.code.local_get(ret).local_get(len).i32_store(at(USER, 4));
    stub.fill_random(pointer, len);
}
