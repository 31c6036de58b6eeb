;;! Allowed as part of reference types: references to things outside, of which there are none but null.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0)
;;rows 1
(module
  (table 4 externref)
  (func (export "f") (param i64) (result i64)
    (table.set (i32.const 0) (ref.null extern))
    (i64.extend_i32_u (ref.is_null (table.get (i32.wrap_i64 (local.get 0)))))))
