;;! Fills and copies parts of tables that are partly outside.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (4), (5)) AS t(x)
;;error failed at row 1
;;error out of bounds table access
(module
  (table $a 8 funcref)
  (table $b 4 funcref)
  (func (export "f") (param $x i64) (result i64)
    (table.fill $a (i32.const 4) (ref.null func) (i32.const 4))
    (table.copy $a $b (i32.const 0) (i32.const 0) (i32.wrap_i64 (local.get $x)))
    (local.get $x)))
