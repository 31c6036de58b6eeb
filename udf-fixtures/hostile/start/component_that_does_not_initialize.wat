;;! A component whose module exports _initialize, which nothing in the component calls: nobody else has to.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows 42
(component
  (core module $main
    (global $g (mut i64) (i64.const 42))
    (func (export "_initialize") (global.set $g (i64.const 0)))
    (func (export "f") (param i64) (result i64) (global.get $g)))
  (core instance $m (instantiate $main))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
