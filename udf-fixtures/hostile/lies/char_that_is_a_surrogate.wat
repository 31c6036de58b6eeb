;;! A character that is the half of a pair.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (55295), (57344), (55296)) AS t(x)
;;error failed at row 2
;;error it returned 0xd800, which is no character
(module
  (func (export "f") (param i32) (result i32) (local.get 0)))
