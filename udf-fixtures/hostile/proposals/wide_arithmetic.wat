;;! The product of two numbers in 128 bits.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error wide arithmetic
(module
  (func (export "f") (param i64) (result i64)
    (i64.mul_wide_u (local.get 0) (local.get 0))
    (drop)))
