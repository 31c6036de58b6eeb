;;! An element segment of which the last element is behind the end of the table.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error out of bounds table access
(module
  (table 2 funcref)
  (elem (i32.const 1) $f $f)
  (func $f (export "f") (param i64) (result i64) (local.get 0)))
