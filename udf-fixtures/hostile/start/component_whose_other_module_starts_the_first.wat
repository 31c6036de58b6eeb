;;! A component whose second module has no code, but names a function of the first as its start function.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows 42
(component
  (core module $main
    (global $g (mut i64) (i64.const 0))
    (func (export "set") (global.set $g (i64.const 42)))
    (func (export "f") (param i64) (result i64) (global.get $g)))
  (core module $init
    (import "m" "set" (func $set))
    (start $set))
  (core instance $m (instantiate $main))
  (core instance (instantiate $init (with "m" (instance $m))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
