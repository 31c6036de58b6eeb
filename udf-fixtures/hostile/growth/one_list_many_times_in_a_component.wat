;;! Ten times the same ten million bytes out of a component of two modules: values are far larger outside.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT array_length(f(1))
;;error too much data is being copied between the host and the guest
(component
  (core module $other (func (export "g")))
  (core module $main
    (import "o" "g" (func $g))
    (memory (export "memory") 256)
    (func (export "f") (param i64) (result i32) (local $at i32)
      (local.set $at (i32.const 80))
      (loop $l
        (local.set $at (i32.sub (local.get $at) (i32.const 8)))
        (i32.store offset=1024 (local.get $at) (i32.const 16384))
        (i32.store offset=1028 (local.get $at) (i32.const 10000000))
        (br_if $l (local.get $at)))
      (i32.store (i32.const 0) (i32.const 1024))
      (i32.store (i32.const 4) (i32.const 10))
      (i32.const 0)))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (alias core export $m "memory" (core memory $memory))
  (func (export "f") (param "x" s64) (result (list (list u8))) (canon lift (core func $m "f") (memory $memory))))
