;;! Copies within memory, over its end, from and to; nothing may be written of what does not fit as a whole.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(65530, 65540)
;;error failed at row 7
;;error out of bounds memory access
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (memory.copy (i32.const 8) (i32.wrap_i64 (local.get $x)) (i32.const 0))
    (memory.copy (i32.wrap_i64 (local.get $x)) (i32.const 8) (i32.const 0))
    (local.get $x)))
