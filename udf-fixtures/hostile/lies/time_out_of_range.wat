;;! A time of day one nanosecond after the last.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS TIME AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (86399999999999), (86400000000000)) AS t(x)
;;error failed at row 1
;;error outside the range of
(module
  (func (export "f") (param i64) (result i64) (local.get 0)))
