;;! A component of two modules, of which the second one has a data segment outside of the memory of the first.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error out of bounds memory access
(component
  (core module $main
    (memory (export "memory") 1)
    (func (export "f") (param i64) (result i64) (i64.load (i32.const 8))))
  (core module $init
    (import "m" "memory" (memory 1))
    (data (i32.const 65536) "\2a"))
  (core instance $m (instantiate $main))
  (core instance (instantiate $init (with "m" (instance $m))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
