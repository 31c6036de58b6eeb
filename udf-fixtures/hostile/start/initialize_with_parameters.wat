;;! The export _initialize wants to be given something.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error its export _initialize takes or returns something
(module
  (func (export "_initialize") (param i32))
  (func (export "f") (param i64) (result i64) (local.get 0)))
