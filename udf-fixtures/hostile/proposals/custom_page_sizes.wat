;;! A memory with pages of one byte.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error custom page sizes
(module
  (memory 65536 (pagesize 1))
  (func (export "f") (param i64) (result i64) (local.get 0)))
