;;! A component that imports a kind of resource, whose things it could drop.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error imports
;;error secret
(component
  (import "secret" (type $secret (sub resource)))
  (core func $drop (canon resource.drop $secret))
  (core module $m
    (import "" "drop" (func $drop (param i32)))
    (func (export "f") (param i64) (result i64) (call $drop (i32.const 1)) (local.get 0)))
  (core instance $i (instantiate $m (with "" (instance (export "drop" (func $drop))))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
