;;! The lies of a component of two modules, which is called from outside: a string whose address and length wrap around.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed at row 0
(component
  (core module $other (func (export "g") (result i32) (i32.const 8)))
  (core module $main
    (import "o" "g" (func $g (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "\f0\ff\ff\ff\20\00\00\00")
    (func (export "f") (param i64) (result i32) (call $g)))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (alias core export $m "memory" (core memory $memory))
  (func (export "f") (param "x" s64) (result string) (canon lift (core func $m "f") (memory $memory))))
