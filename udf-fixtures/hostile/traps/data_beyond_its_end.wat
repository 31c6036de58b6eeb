;;! Copies more of a data segment than there is, with a start and a length whose sum wraps around.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(-1)
;;error out of bounds memory access
(module
  (memory 1)
  (data $d "abcdefgh")
  (func (export "f") (param $x i64) (result i64)
    (memory.init $d (i32.const 0) (i32.const 4) (i32.wrap_i64 (local.get $x)))
    (i64.load (i32.const 0))))
