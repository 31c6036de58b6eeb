;;! Allowed: vectors of fixed width.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 1000)
;;rows 1501500
(module
  (func (export "f") (param i64) (result i64)
    (i64x2.extract_lane 1
      (i64x2.add (i64x2.splat (local.get 0)) (i64x2.mul (i64x2.splat (local.get 0)) (v128.const i64x2 1 2))))))
