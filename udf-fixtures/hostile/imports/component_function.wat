;;! A component that imports a function.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error it imports the function log, which no sandbox has: only WASI may be imported
(component
  (import "log" (func (param "s" string)))
  (core module $m (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
