;;! Two strings of a list that are UTF-8 only together.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error failed at row 0
;;error it returned a string that is not UTF-8
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\02\00\00\00" "\20\00\00\00\01\00\00\00" "\21\00\00\00\01\00\00\00" "\c3\a9")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
