;;! A data segment at address -1.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error out of bounds memory access
(module
  (memory 1)
  (data (i32.const -1) "ab")
  (func (export "f") (param i64) (result i64) (local.get 0)))
