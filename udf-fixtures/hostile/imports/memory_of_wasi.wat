;;! Imports a memory under the name of WASI.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports wasi_snapshot_preview1.memory, which no sandbox has
(module
  (import "wasi_snapshot_preview1" "memory" (memory 1))
  (func (export "f") (param i64) (result i64) (local.get 0)))
