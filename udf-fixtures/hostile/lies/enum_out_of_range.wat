;;! A case of an enum after the last.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (0), (2), (3)) AS t(x)
;;error failed at row 2
;;error it returned case number 3 of an enum of 3
(module
  (func (export "f") (param i32) (result i32) (local.get 0)))
