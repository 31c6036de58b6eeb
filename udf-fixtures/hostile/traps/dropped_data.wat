;;! Copies from a data segment that it has dropped; of nothing there are still 0 bytes.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (0), (1)) AS t(x)
;;error failed at row 1
;;error out of bounds memory access
(module
  (memory 1)
  (data $d "abcdefgh")
  (func (export "f") (param $x i64) (result i64)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))
    (data.drop $d)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.wrap_i64 (local.get $x)))
    (i64.load (i32.const 0))))
