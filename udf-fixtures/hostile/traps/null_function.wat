;;! Calls an element of a table that is null.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(0, 3)
;;error failed at row 1
;;error uninitialized element
(module
  (type $t (func (param i64) (result i64)))
  (table 4 funcref)
  (elem (i32.const 0) $same)
  (func $same (type $t) (local.get 0))
  (func (export "f") (param $x i64) (result i64)
    (call_indirect (type $t) (local.get $x) (i32.wrap_i64 (local.get $x)))))
