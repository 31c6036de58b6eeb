;;! Imports a function of WASI with parameters of another type.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports wasi_snapshot_preview1.fd_write with a type that WASI does not have
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i64 i64 i64 i64) (result i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
