;;! Calls elements before the first and after the last of a table.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(0, 3)
;;error failed at row 1
;;error undefined element: out of bounds table access
(module
  (type $t (func (param i64) (result i64)))
  (table funcref (elem $same))
  (func $same (type $t) (local.get 0))
  (func (export "f") (param $x i64) (result i64)
    (call_indirect (type $t) (local.get $x) (i32.sub (i32.const 0) (i32.wrap_i64 (local.get $x))))))
