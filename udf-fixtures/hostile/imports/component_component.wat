;;! A component that wants to be given another component.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error it imports the module or component plugin, which no sandbox has
(component
  (import "plugin" (component))
  (core module $m (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
