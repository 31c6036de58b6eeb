;;! A component that takes a future.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error `future` requires the component model async feature
(component
  (core module $m (func (export "f") (param i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" (future u8)) (result u32) (canon lift (core func $i "f"))))
