;;! Fills memory with a start and a length whose sum wraps around.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(-1)
;;error out of bounds memory access
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (memory.fill (i32.const 1) (i32.const 255) (i32.wrap_i64 (local.get $x)))
    (local.get $x)))
