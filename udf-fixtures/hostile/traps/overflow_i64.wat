;;! The one quotient of 64 bits that is out of range.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (1), (-1)) AS t(x)
;;error failed at row 1
;;error integer overflow
;;error x = -1
(module
  (func (export "f") (param $x i64) (result i64)
    (i64.div_s (i64.const 0x8000000000000000) (local.get $x))))
