;;! A component whose function is asynchronous.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error component model async
(component
  (core module $m (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "f") async (param "x" s64) (result s64) (canon lift (core func $i "f"))))
