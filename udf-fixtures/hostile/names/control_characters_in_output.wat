;;! The guest writes to standard error what clears the terminal, bells and zeros, and traps.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error the guest wrote:
;;error all is well
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 0) "\08\00\00\00\1d\00\00\00\1b[2J\1b]0;title\07 all is well\00\7f\0d")
  (func (export "f") (param i64) (result i64)
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 64)))
    (unreachable)))
