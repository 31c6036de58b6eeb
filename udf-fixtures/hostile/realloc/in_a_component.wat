;;! The allocator of a component of two modules gives an address at which the string does not end in memory.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f('abcdefgh')
;;error failed at row 0
;;error beyond end of memory
(component
  (core module $other (func (export "g") (result i32) (i32.const 65532)))
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
