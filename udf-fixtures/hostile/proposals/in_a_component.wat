;;! A component with a core module that uses threads, which nothing of the component calls.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error threads
(component
  (core module $unused (memory 1 1 shared))
  (core module $m (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
