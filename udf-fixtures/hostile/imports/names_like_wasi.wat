;;! Imports from a module whose name only begins like that of WASI.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports the function wasi_snapshot_preview1_extra.open, which no sandbox has
(module
  (import "wasi_snapshot_preview1_extra" "open" (func (result i32)))
  (func (export "f") (param i64) (result i64) (local.get 0)))
