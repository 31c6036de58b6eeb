;;! A component that imports an interface.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error it imports the function env:secret/api#get, which no sandbox has: only WASI may be imported
(component
  (import "env:secret/api" (instance (export "get" (func (result u32)))))
  (core module $m (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
