;;! Allowed: sign extension, and conversions that saturate where others trap.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(255), f(256), f(0)
;;rows -1|0|0
(module
  (func (export "f") (param i64) (result i64)
    (i64.add
      (i64.extend8_s (local.get 0))
      (i64.trunc_sat_f64_s (f64.div (f64.const 0) (f64.convert_i64_s (local.get 0)))))))
