;;! A table function whose first ten thousand rows are honest, and whose next one is a string far away.
;;sql CREATE FUNCTION f RETURNS TABLE AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT count(value) FROM f(10001)
;;error failed at row 0
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 4)
  (func (export "f") (param $n i32) (result i32) (local $i i32)
    (loop $l
      (i32.store offset=1024 (i32.shl (local.get $i) (i32.const 3)) (i32.const 8))
      (i32.store offset=1028 (i32.shl (local.get $i) (i32.const 3)) (i32.const 1))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.store (i32.const 81024) (i32.const 0x7fff0000))
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (local.get $n))
    (i32.const 8)))
