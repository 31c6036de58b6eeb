;;! A thousand lists that are all the same hundred thousand empty lists: nothing in the guest, 400 MB of ends outside.
;;set wasm.timeout_ms=100
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT array_length(f(1000, 100000))
;;error was interrupted after 100 ms (wasm.timeout_ms)
(module
  (memory (export "memory") 256)
  (func $same (param $from i32) (param $n i32) (param $pointer i32) (param $len i32) (local $end i32)
    (local.set $end (i32.add (local.get $from) (i32.shl (local.get $n) (i32.const 3))))
    (loop $l
      (i32.store (local.get $from) (local.get $pointer))
      (i32.store offset=4 (local.get $from) (local.get $len))
      (br_if $l (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 8))) (local.get $end)))))
  (func (export "f") (param $n i32) (param $m i32) (result i32)
    (call $same (i32.const 0x800000) (local.get $m) (i32.const 16) (i32.const 0))
    (call $same (i32.const 1024) (local.get $n) (i32.const 0x800000) (local.get $m))
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (local.get $n))
    (i32.const 0)))
