;;! Makes integers of floats just below and just above what 64 bits hold.
;;sql CREATE FUNCTION f(x DOUBLE) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (9223372036854774784::DOUBLE), (-9223372036854775808::DOUBLE), (9223372036854775808::DOUBLE)) AS t(x)
;;error failed at row 2
;;error integer overflow
(module
  (func (export "f") (param $x f64) (result i64)
    (i64.trunc_f64_s (local.get $x))))
