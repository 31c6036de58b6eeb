;;! An unscaled decimal with more digits than were declared.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS DECIMAL(4, 2) AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (9999), (-9999), (10000)) AS t(x)
;;error failed at row 2
;;error it returned 10000, which is outside the range of Decimal128(4, 2)
(module
  (func (export "f") (param i64) (result i64) (local.get 0)))
