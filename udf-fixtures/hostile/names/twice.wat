;;! Exports two functions under one name.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error duplicate export name `f` already defined
(module
  (func (export "f") (param i64) (result i64) (i64.const 1))
  (func (export "f") (param i64) (result i64) (i64.const 2)))
