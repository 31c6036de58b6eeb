;;! Declares a maximum of 4 GiB, which is no reason to get it.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(255), f(65535)
;;rows 1|-1
(module
  (memory 1 65536)
  (func (export "f") (param $x i64) (result i64)
    (i64.extend_i32_s (memory.grow (i32.wrap_i64 (local.get $x))))))
