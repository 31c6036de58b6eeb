;;! A component of two modules with a memory each: both together must stay within the limit.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1000), f(100)
;;rows 257|202
(component
  (core module $other
    (memory 1)
    (func (export "grow") (param i32) (drop (memory.grow (local.get 0))))
    (func (export "size") (result i32) (memory.size)))
  (core module $main
    (import "o" "grow" (func $grow (param i32)))
    (import "o" "size" (func $size (result i32)))
    (memory 1)
    (func (export "f") (param i64) (result i64) (local $n i32)
      (local.set $n (i32.wrap_i64 (local.get 0)))
      (loop $l
        (drop (memory.grow (i32.const 1)))
        (call $grow (i32.const 1))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i64.extend_i32_u (i32.add (memory.size) (call $size)))))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
