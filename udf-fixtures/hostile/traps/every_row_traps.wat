;;! Traps on each of many rows, on all workers: one report, that of the first row.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(0, 20000)
;;error failed at row 0
;;error unreachable
(module
  (func (export "f") (param $x i64) (result i64) (unreachable)))
