;;! Divides by zero on row 13, in code that is small enough to be unrolled by eight.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(-13, 20)
;;error failed at row 13 of the batch
;;error integer divide by zero
(module
  (func (export "f") (param $x i64) (result i64)
    (i64.div_u (i64.const 1000) (local.get $x))))
