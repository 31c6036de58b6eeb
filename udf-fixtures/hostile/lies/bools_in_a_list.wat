;;! A list of booleans that are neither 0 nor 1.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1), f(1) = make_array(true, false, true)
;;rows [true, false, true]|true
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\03\00\00\00" "\ff\00\02")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
