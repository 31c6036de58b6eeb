;;! A memory that threads share.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error threads
(module
  (memory 1 1 shared)
  (func (export "f") (param i64) (result i64) (local.get 0)))
