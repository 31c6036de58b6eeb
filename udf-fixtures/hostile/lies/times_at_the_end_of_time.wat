;;! The first and the last days and moments that the numbers can name; nobody can print them, and nothing else stops.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS TIMESTAMP(0) AS WASM FROM INFILE '$M'
;;sql SELECT count(*), count(f(x)), arrow_typeof(min(f(x))) FROM (VALUES (9223372036854775807), (-9223372036854775807), (0)) AS t(x)
;;rows 3|3|Timestamp(s)
(module
  (func (export "f") (param i64) (result i64) (local.get 0)))
