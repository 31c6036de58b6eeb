;;! An error whose message is not UTF-8: it is shown as far as it is.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an error: caf�
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\01\00\00\00\14\00\00\00\04\00\00\00caf\e9")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
