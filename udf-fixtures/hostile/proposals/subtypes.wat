;;! A type of functions that others may be subtypes of.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error gc
(module
  (type (sub (func (param i64))))
  (func (export "f") (param i64) (result i64) (local.get 0)))
