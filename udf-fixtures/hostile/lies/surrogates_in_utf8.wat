;;! A pair of surrogates in six bytes, as some write characters beyond the first 65536.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned a string that is not UTF-8
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\06\00\00\00\ed\a0\bd\ed\b8\80")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
