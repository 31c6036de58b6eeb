;;! Takes a character; where another argument is null, it is not called, and more than a character is nobody's fault.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(c, x) FROM (VALUES ('a', 1), ('ab', NULL), ('b', 2)) AS t(c, x)
;;rows 98
;;rows NULL
;;rows 100
(module
  (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
