;;! Booleans that are neither 0 nor 1: the ABI takes all but 0 for true, and so it is here, also in memory.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(0), f(1), f(2), f(-1), f(256)
;;rows false|true|true|true|true
(module
  (func (export "f") (param i32) (result i32) (local.get 0)))
