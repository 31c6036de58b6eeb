;;! Grows past the maximum that it declares itself, which is less than the limit.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(2), f(3)
;;rows 1|-1
(module
  (memory 1 3)
  (func (export "f") (param $x i64) (result i64)
    (i64.extend_i32_s (memory.grow (i32.wrap_i64 (local.get $x))))))
