//! The functions of WASI that are answered from what they are called with, and their core types.

use wasmparser::{FuncType, ValType};

use super::core::FunctionImport;

/// The import module of WASI preview 1.
pub(crate) const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// Whether functions of this import module are WASI's, which become local functions.
pub(super) fn is_wasi(module: &str) -> bool {
    module == PREVIEW_1 || module.starts_with("wasi:")
}

/// The name of an interface without its version: `wasi:io/streams@0.2.6` is `wasi:io/streams`. What a function without a
/// world outside can do does not depend on it.
pub(crate) fn unversioned(interface: &str) -> &str {
    interface.split('@').next().unwrap_or(interface)
}

/// What happens when a function of WASI is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It answers.
    Given {
        /// The answer is written to the guest's memory, or read from it.
        in_memory: bool,
    },
    /// It says by an error number that there is no such thing: all functions of preview 1 that do not answer.
    ErrorNumber,
    /// It traps: all others that do not answer.
    Trap,
    /// WASI has a function of this name and another type, so it cannot answer.
    WrongType,
}

impl Answer {
    /// What happens when this import is called, which is WASI's.
    pub(crate) fn of(import: &FunctionImport, ty: &FuncType) -> Self {
        match Answered::find(&import.module, &import.field) {
            Some(answered) if answered.is_of(ty) => Self::Given { in_memory: answered.in_memory },
            Some(_) => Self::WrongType,
            None if import.module != PREVIEW_1 => Self::Trap,
            None if ty.results() == [ValType::I32] => Self::ErrorNumber,
            None => Self::WrongType,
        }
    }
}

/// The core type of a function that answers.
#[derive(Debug, Clone, Copy)]
struct Answered {
    params: &'static [ValType],
    results: &'static [ValType],
    in_memory: bool,
}

impl Answered {
    /// Finds a function of an import module. The types are those of the [witx of preview 1] and of [WASI 0.2], lowered by
    /// the canonical ABI.
    ///
    /// [witx of preview 1]: https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
    /// [WASI 0.2]: https://github.com/WebAssembly/WASI/tree/main/proposals
    fn find(module: &str, name: &str) -> Option<Self> {
        use ValType::{I32, I64};
        if module == PREVIEW_1 {
            let (params, in_memory): (&[ValType], _) = match name {
                "proc_exit" => return Some(Self { params: &[I32], results: &[], in_memory: false }),
                "fd_close" | "fd_datasync" | "fd_sync" => (&[I32], false),
                "fd_fdstat_set_flags" => (&[I32; 2], false),
                "args_sizes_get" | "clock_res_get" | "environ_sizes_get" | "fd_fdstat_get" | "random_get" => {
                    (&[I32; 2], true)
                }
                "clock_time_get" => (&[I32, I64, I32], true),
                "fd_read" | "fd_write" => (&[I32; 4], true),
                _ => return None,
            };
            return Some(Self { params, results: &[I32], in_memory });
        }
        let to_memory = |params| Some(Self { params, results: &[], in_memory: true });
        let direct = |results| Some(Self { params: &[], results, in_memory: false });
        match (unversioned(module), name) {
            ("wasi:cli/environment", "get-environment" | "get-arguments" | "initial-cwd")
            | ("wasi:filesystem/preopens", "get-directories")
            | ("wasi:cli/terminal-stdin", "get-terminal-stdin")
            | ("wasi:cli/terminal-stdout", "get-terminal-stdout")
            | ("wasi:cli/terminal-stderr", "get-terminal-stderr")
            | ("wasi:clocks/wall-clock", "now" | "resolution")
            | ("wasi:random/insecure-seed", "insecure-seed") => to_memory(&[I32]),
            (
                "wasi:io/streams",
                "[method]output-stream.check-write"
                | "[method]output-stream.flush"
                | "[method]output-stream.blocking-flush",
            ) => to_memory(&[I32; 2]),
            ("wasi:io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => {
                to_memory(&[I32; 4])
            }
            ("wasi:io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => {
                to_memory(&[I32, I64, I32])
            }
            ("wasi:random/random", "get-random-bytes") | ("wasi:random/insecure", "get-insecure-random-bytes") => {
                to_memory(&[I64, I32])
            }
            ("wasi:random/random", "get-random-u64") | ("wasi:random/insecure", "get-insecure-random-u64") => {
                direct(&[I64])
            }
            ("wasi:clocks/monotonic-clock", "now" | "resolution") => direct(&[I64]),
            ("wasi:cli/stdin", "get-stdin") | ("wasi:cli/stdout", "get-stdout") | ("wasi:cli/stderr", "get-stderr") => {
                direct(&[I32])
            }
            ("wasi:cli/exit", "exit" | "exit-with-code") => {
                Some(Self { params: &[I32], results: &[], in_memory: false })
            }
            (interface, _) if interface.starts_with("wasi:") && name.starts_with("[resource-drop]") => {
                Some(Self { params: &[I32], results: &[], in_memory: false })
            }
            _ => None,
        }
    }

    /// Is this the type of the function?
    fn is_of(&self, ty: &FuncType) -> bool {
        ty.params() == self.params && ty.results() == self.results
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_looked_up_without_versions() {
        let seen = |module: &str, name: &str, params: &[ValType], results: &[ValType]| {
            let import = FunctionImport { module: module.into(), field: name.into(), type_index: 0 };
            Answer::of(&import, &FuncType::new(params.to_vec(), results.to_vec()))
        };
        let given = Answer::Given { in_memory: false };
        assert_eq!(seen("wasi:random/random@0.2.6", "get-random-u64", &[], &[ValType::I64]), given);
        assert_eq!(seen("wasi:random/random@0.2.6", "get-random-u64", &[], &[ValType::I32]), Answer::WrongType);
        assert_eq!(seen(PREVIEW_1, "fd_sync", &[ValType::F64], &[ValType::I32]), Answer::WrongType);
        assert_eq!(seen(PREVIEW_1, "path_open", &[], &[ValType::I32]), Answer::ErrorNumber);
        assert_eq!(seen(PREVIEW_1, "path_open", &[], &[]), Answer::WrongType);
        assert_eq!(seen("wasi:sockets/udp", "anything", &[ValType::F32], &[]), Answer::Trap);
    }
}
