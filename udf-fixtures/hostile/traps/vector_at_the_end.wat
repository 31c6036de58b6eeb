;;! Stores a vector of which the last byte is outside.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (65520), (65521)) AS t(x)
;;error failed at row 1
;;error out of bounds memory access
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (v128.store (i32.wrap_i64 (local.get $x)) (v128.const i64x2 -1 -1))
    (local.get $x)))
