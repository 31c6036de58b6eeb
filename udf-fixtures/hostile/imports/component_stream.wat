;;! A component that returns a stream.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error `stream` requires the component model async feature
(component
  (core module $m (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (result (stream u8)) (canon lift (core func $i "f"))))
