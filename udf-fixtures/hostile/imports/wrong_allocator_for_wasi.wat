;;! WASI is to give it bytes in memory of its own allocator, which is none: the call traps.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error it trapped
(module
  (import "wasi:random/random" "get-random-bytes" (func $bytes (param i64 i32)))
  (memory 1)
  (func (export "cabi_realloc"))
  (func (export "f") (param i64) (result i64) (call $bytes (i64.const 8) (i32.const 0)) (local.get 0)))
