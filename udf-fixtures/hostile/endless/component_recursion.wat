;;! A component of two modules calls itself without end.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(1, 10)
;;error failed at row 0
;;error call stack exhausted
(component
  (core module $other (func (export "g")))
  (core module $main
    (import "o" "g" (func $g))
    (func $f (export "f") (param i64) (result i64) (call $g) (i64.add (call $f (local.get 0)) (i64.const 1))))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
