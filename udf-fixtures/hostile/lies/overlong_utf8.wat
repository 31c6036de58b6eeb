;;! A NUL in two bytes, which a decoder that only does arithmetic would take.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned a string that is not UTF-8
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\04\00\00\00a\c0\80b")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
