;;! An element segment with a function number after the last: after assembly that is a driver.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error unknown function 1
(module
  (table 1 funcref)
  (elem (i32.const 0) func 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
