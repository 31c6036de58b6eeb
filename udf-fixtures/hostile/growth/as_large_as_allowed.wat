;;! Declares all the memory that a sandbox may have: it gets that, and no more.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0), f(1)
;;rows 1024|-1
(module
  (memory 1024)
  (func (export "f") (param $x i64) (result i64)
    (i64.extend_i32_s (memory.grow (i32.wrap_i64 (local.get $x))))))
