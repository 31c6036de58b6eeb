;;! Reads the first byte of a memory that has none.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0)
;;error out of bounds memory access
(module
  (memory 0)
  (func (export "f") (param $x i64) (result i64)
    (i64.load8_u (i32.wrap_i64 (local.get $x)))))
