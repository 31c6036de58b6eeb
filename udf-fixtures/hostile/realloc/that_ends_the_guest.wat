;;! Ends the guest instead of giving memory.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f('abc')
;;error failed at row 0
;;error it ended itself with exit code 7
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $exit (i32.const 7)) (unreachable))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
