;;! The export _initialize is asked for as the function.
;;sql CREATE FUNCTION f() RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT '_initialize'
;;error _initialize
(module
  (func (export "_initialize") (result i64) (i64.const 1)))
