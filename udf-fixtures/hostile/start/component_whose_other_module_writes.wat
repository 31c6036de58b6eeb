;;! A component whose second module has a data segment for the memory of the first: it is there before the first row.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows 42
(component
  (core module $main
    (memory (export "memory") 1)
    (func (export "f") (param i64) (result i64) (i64.load (i32.const 8))))
  (core module $init
    (import "m" "memory" (memory 1))
    (data (i32.const 8) "\2a"))
  (core instance $m (instantiate $main))
  (core instance (instantiate $init (with "m" (instance $m))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
