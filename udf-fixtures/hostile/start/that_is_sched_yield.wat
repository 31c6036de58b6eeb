;;! The start function is an import without parameters that returns something.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error start function
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory 1)
  (start $yield)
  (func (export "f") (param i64) (result i64) (local.get 0)))
