;;! Loads the last eight bytes of memory, and eight of which one is outside.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(65520, 65600)
;;error failed at row 9
;;error x = 65529
;;error out of bounds memory access
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (i64.load (i32.wrap_i64 (local.get $x)))))
