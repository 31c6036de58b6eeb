;;! A table with indices of 64 bits.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error memory64
(module
  (table i64 1 funcref)
  (func (export "f") (param i64) (result i64) (local.get 0)))
