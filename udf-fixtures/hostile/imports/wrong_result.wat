;;! Imports a function of WASI without the error number that it returns.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports wasi_snapshot_preview1.fd_close with a type that WASI does not have
(module
  (import "wasi_snapshot_preview1" "fd_close" (func (param i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
