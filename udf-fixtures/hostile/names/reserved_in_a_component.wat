;;! A core module within a component exports a function named like a driver.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error it exports 'wf:driver0'
(component
  (core module $m
    (func (export "f") (param i64) (result i64) (local.get 0))
    (func (export "wf:driver0") (param i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
