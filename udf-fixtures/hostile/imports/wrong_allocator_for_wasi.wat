;;! WASI is to give it bytes in memory of its own allocator, which is none.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error cabi_realloc
(module
  (import "wasi:random/random" "get-random-bytes" (func (param i64 i32)))
  (memory 1)
  (func (export "cabi_realloc"))
  (func (export "f") (param i64) (result i64) (local.get 0)))
