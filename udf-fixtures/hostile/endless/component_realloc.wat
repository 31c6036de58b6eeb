;;! The allocator of a component of two modules never comes back.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f('abc')
;;error was interrupted after 300 ms (wasm.timeout_ms)
(component
  (core module $other (func (export "g") (result i32) (loop $l (br $l)) (unreachable)))
  (core module $main
    (import "o" "g" (func $g (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $g))
    (func (export "f") (param i32 i32) (result i32) (local.get 1)))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (alias core export $m "memory" (core memory $memory))
  (func (export "f") (param "s" string) (result u32)
    (canon lift (core func $m "f") (memory $memory) (realloc (func $m "cabi_realloc")))))
