;;! An error whose message has as many bytes as a length can say, while memory has only some of them.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 2)
  (data (i32.const 8) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
