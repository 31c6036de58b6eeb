;;! A component with a start function of its own.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error `value`s
(component
  (core module $m (func (export "s")) (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func $s (canon lift (core func $i "s")))
  (start $s)
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
