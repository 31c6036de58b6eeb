;;! A list that is its own only item, down to where the type ends.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;rows [[[[8]]]]
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\08\00\00\00\01\00\00\00")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
