;;! A component of two modules fills 64 MiB again and again, in loops and out of loops.
;;sql CREATE FUNCTION f AS WASM GROW TO 67108864 FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(component
  (core module $other (func (export "g")))
  (core module $main
    (import "o" "g" (func $g))
    (memory (export "memory") 1024)
    (func $four
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000))
      (memory.fill (i32.const 0) (i32.const 2) (i32.const 0x4000000))
      (memory.copy (i32.const 0) (i32.const 0x2000000) (i32.const 0x2000000))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x2000000)))
    (func (export "f") (param i64) (result i64) (loop $l (call $four) (br $l)) (unreachable)))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
