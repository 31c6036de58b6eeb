;;! A list within a list at an odd address, after one that is honest.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an address that is not aligned
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\02\00\00\00" "\40\00\00\00\01\00\00\00" "\41\00\00\00\01\00\00\00")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
