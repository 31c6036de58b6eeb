;;! Imports a function of WASI 0.2 with another result.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports wasi:random/random.get-random-u64 with a type that WASI does not have
(module
  (import "wasi:random/random" "get-random-u64" (func (result i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
