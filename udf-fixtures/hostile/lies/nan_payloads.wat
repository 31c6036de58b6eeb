;;! Signalling NaNs, each with a payload of its own: they are one value for GROUP BY, and stop nothing.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS DOUBLE AS WASM FROM INFILE '$M'
;;sql SELECT isnan(v), count(*) FROM (SELECT f(value) AS v FROM generate_series(9218868437227405313, 9218868437227405320)) GROUP BY isnan(v)
;;rows true|8
(module
  (func (export "f") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0))))
