;;! Declares two tables, each of which is within the limit, while both together are not.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error exceeds table limits
(module
  (table 600000 funcref)
  (table 600000 funcref)
  (func (export "f") (param i64) (result i64) (local.get 0)))
