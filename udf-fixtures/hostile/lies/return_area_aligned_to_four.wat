;;! A return area that is aligned to four bytes, where its 64-bit payload wants eight.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an address that is not aligned
(module
  (memory (export "memory") 1)
  (func (export "f") (param i64) (result i32) (i32.const 12)))
