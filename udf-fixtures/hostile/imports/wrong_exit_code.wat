;;! Imports the function that ends the guest with a float for the exit code.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports wasi_snapshot_preview1.proc_exit with a type that WASI does not have
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func (param f64)))
  (memory 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
