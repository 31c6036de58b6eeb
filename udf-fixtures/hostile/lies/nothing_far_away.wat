;;! A string of no bytes that begins outside of memory.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\ff\ff\ff\ff\00\00\00\00")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
