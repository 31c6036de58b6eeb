;;! A component that imports a value.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error `value`s
(component
  (import "secret" (value string))
  (core module $m (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
