;;! A memory with addresses of 64 bits.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error memory64
(module
  (memory i64 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
