;;! The start function is one of WASI's that cannot be called with nothing.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error start function
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory 1)
  (start $exit)
  (func (export "f") (param i64) (result i64) (local.get 0)))
