;;! Reads elements of a table up to and past its end.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(0, 9)
;;error failed at row 4
;;error out of bounds table access
(module
  (table 4 funcref)
  (func (export "f") (param $x i64) (result i64)
    (i64.extend_i32_u (ref.is_null (table.get (i32.wrap_i64 (local.get $x)))))))
