;;! The same without a sign, of 16 bits.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(65536), f(-1), f(65535)
;;rows 0|65535|65535
(module
  (func (export "f") (param i32) (result i32) (local.get 0)))
