;;! References to things outside, of which there are none: they would need a collector.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error module refused
(module
  (table 4 externref)
  (func (export "f") (param i64) (result i64)
    (table.set (i32.const 0) (ref.null extern))
    (i64.extend_i32_u (ref.is_null (table.get (i32.wrap_i64 (local.get 0)))))))
