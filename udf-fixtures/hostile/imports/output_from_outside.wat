;;! Writes to standard output what lies behind the end of its memory: nothing from there may be shown.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error out of bounds memory access
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 0) "\f8\ff\00\00\ff\ff\00\00")
  (func (export "f") (param i64) (result i64)
    (i64.extend_i32_u (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))
