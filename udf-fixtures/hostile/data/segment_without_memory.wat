;;! A data segment where there is no memory.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error unknown memory 0
(module
  (data (i32.const 0) "a")
  (func (export "f") (param i64) (result i64) (local.get 0)))
