;;! A number of 32 bits that was declared as TINYINT: here it is an error, for nothing says what should be cut off.
;;sql CREATE FUNCTION f(x INT) RETURNS TINYINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (127), (-128), (-129)) AS t(x)
;;error failed at row 2
;;error it returned a number outside the range of its SQL type
(module
  (func (export "f") (param i32) (result i32) (local.get 0)))
