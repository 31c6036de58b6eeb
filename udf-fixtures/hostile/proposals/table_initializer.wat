;;! A table whose elements all begin as a function.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error function-references
(module
  (table 10 funcref (ref.func $g))
  (func $g)
  (func (export "f") (param i64) (result i64) (local.get 0)))
