;;! The export _initialize is a memory; there is nothing to run then.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(7)
;;rows 7
(module
  (memory (export "_initialize") 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
