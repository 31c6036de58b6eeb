;;! A component that returns a handle of a resource of its own.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error module refused: component export `r` was not a function or instance
(component
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (core module $m (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "f") (result (own $r)) (canon lift (core func $i "f"))))
