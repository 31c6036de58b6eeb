;;! A list of no items at an odd address, which the ABI does not allow either.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an address that is not aligned
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\11\00\00\00\00\00\00\00")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
