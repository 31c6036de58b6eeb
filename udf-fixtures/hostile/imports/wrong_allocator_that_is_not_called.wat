;;! The same without asking for bytes, which does no harm.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(7)
;;rows 7
(module
  (import "wasi:random/random" "get-random-bytes" (func (param i64 i32)))
  (memory 1)
  (func (export "cabi_realloc"))
  (func (export "f") (param i64) (result i64) (local.get 0)))
