;;! Copies from an element segment that it has dropped.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error out of bounds table access
(module
  (table 4 funcref)
  (elem $e func $f)
  (func $f (export "f") (param $x i64) (result i64)
    (elem.drop $e)
    (table.init $e (i32.const 0) (i32.const 0) (i32.const 1))
    (local.get $x)))
