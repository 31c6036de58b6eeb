;;! A list with a character that is none.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned 0xffffffff, which is no character
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\02\00\00\00" "a\00\00\00" "\ff\ff\ff\ff")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
