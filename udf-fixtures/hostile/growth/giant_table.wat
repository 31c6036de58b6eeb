;;! Declares a table of four billion elements.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error table minimum size of 4294967295 elements exceeds table limits
(module
  (table 4294967295 funcref)
  (func (export "f") (param i64) (result i64) (local.get 0)))
