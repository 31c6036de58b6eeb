;;! Address and offset whose sum of 32 bits would lie in memory again.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(-16)
;;error out of bounds memory access
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (i64.load offset=0xfffffff0 (i32.wrap_i64 (local.get $x)))))
