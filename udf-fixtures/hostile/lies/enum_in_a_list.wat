;;! A list of enums in bytes, of which one is out of range.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned case number 200 of an enum of 3
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\03\00\00\00" "\00\02\c8")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
