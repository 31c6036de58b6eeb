//! `wasi_snapshot_preview1`: functions return an error number, 0 for success.

use wasm_encoder::{BlockType, ValType};

use super::{Stub, at};
use crate::driver::emit::USER;

/// `EBADF`: no such file descriptor.
const BADF: i32 = 8;
/// `ENOSYS`: not supported.
const NOSYS: i32 = 52;
/// `ESPIPE`: the descriptor cannot seek.
const SPIPE: i32 = 70;

/// Writes the body of the function `name`, which answers.
pub(super) fn answer(stub: &mut Stub<'_, '_>, name: &str) {
    match name {
        "fd_write" => return fd_write(stub),
        "fd_fdstat_get" => {
            return on_standard_stream(stub, |stub| {
                stub.zeros(1, 0, 3);
                // A character device, so that libc buffers by lines.
                stub.byte(1, 0, 2);
            });
        }
        "fd_close" | "fd_fdstat_set_flags" | "fd_sync" | "fd_datasync" => return on_standard_stream(stub, |_| {}),
        "proc_exit" => return stub.exit(0),
        // Standard input is at its end.
        "fd_read" => stub.number(3, 0, 0),
        "environ_sizes_get" | "args_sizes_get" => {
            stub.number(0, 0, 0);
            stub.number(1, 0, 0);
        }
        "clock_time_get" => stub.zeros(2, 0, 1),
        "clock_res_get" => {
            stub.code.local_get(1).i64_const(1).i64_store(at(USER, 0));
        }
        "random_get" => stub.fill_random(0, 1),
        other => unreachable!("{other} does not answer"),
    }
    stub.code.i32_const(0);
}

/// Writes the body of the function `name`, which has nothing to say but an error number.
pub(super) fn error_number(stub: &mut Stub<'_, '_>, name: &str) {
    let error = match name {
        "fd_seek" | "fd_tell" => SPIPE,
        "fd_prestat_get" | "fd_prestat_dir_name" | "fd_filestat_get" => BADF,
        // There is nothing to write, nobody to wait for.
        "environ_get" | "args_get" | "sched_yield" => 0,
        _ => NOSYS,
    };
    stub.code.i32_const(error);
}

/// `fd_write(fd, iovs, iovs_len, nwritten)`: gathers pointer and length pairs.
fn fd_write(stub: &mut Stub<'_, '_>) {
    let [pointer, len, total] = stub.scratch;
    on_standard_stream(stub, |stub| {
        stub.code.block(BlockType::Empty).loop_(BlockType::Empty);
        stub.code.local_get(2).i32_eqz().br_if(1);
        stub.code.local_get(1).i32_load(at(USER, 0)).local_set(pointer);
        stub.code.local_get(1).i32_load(at(USER, 4)).local_tee(len);
        stub.code.local_get(total).i32_add().local_set(total);
        stub.write(pointer, len);
        stub.code.local_get(1).i32_const(8).i32_add().local_set(1);
        stub.code.local_get(2).i32_const(1).i32_sub().local_set(2);
        stub.code.br(0).end().end();
        stub.code.local_get(3).local_get(total).i32_store(at(USER, 0));
    });
}

/// Success on the descriptors 0 to 2 (parameter 0), after what `then` writes; `EBADF` on any other.
fn on_standard_stream(stub: &mut Stub<'_, '_>, then: impl FnOnce(&mut Stub<'_, '_>)) {
    stub.code.local_get(0).i32_const(2).i32_gt_u().if_(BlockType::Result(ValType::I32));
    stub.code.i32_const(BADF).else_();
    then(stub);
    stub.code.i32_const(0).end();
}
