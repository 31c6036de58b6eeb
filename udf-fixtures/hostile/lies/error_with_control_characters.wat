;;! An error whose message clears the terminal and writes a line of its own: it must not reach the terminal so.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an error:
;;error all is well
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\01\00\00\00\14\00\00\00\0f\00\00\00\1b[2Jall is well")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
