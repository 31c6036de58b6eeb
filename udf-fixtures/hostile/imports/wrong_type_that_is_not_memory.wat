;;! Imports a function of WASI that needs no memory with a float for the descriptor.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports wasi_snapshot_preview1.fd_sync with a type that WASI does not have
(module
  (import "wasi_snapshot_preview1" "fd_sync" (func (param f64) (result i32)))
  (func (export "f") (param i64) (result i64) (local.get 0)))
