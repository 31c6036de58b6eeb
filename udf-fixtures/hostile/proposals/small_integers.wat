;;! Integers of 31 bits among the references.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error gc
(module
  (func (export "f") (param i64) (result i64)
    (i64.extend_i32_s (i31.get_s (ref.i31 (i32.wrap_i64 (local.get 0)))))))
