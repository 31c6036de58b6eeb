;;! Characters after the last that there is.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (1114111), (1114112)) AS t(x)
;;error failed at row 1
;;error it returned 0x110000, which is no character
(module
  (func (export "f") (param i32) (result i32) (local.get 0)))
