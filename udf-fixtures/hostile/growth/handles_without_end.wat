;;! A component makes handles of a resource of its own without end.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error handle limit exceeded
(component
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core module $main
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "f") (param i64) (result i64)
      (loop $l (drop (call $new (i32.const 1))) (br $l))
      (unreachable)))
  (core instance $m (instantiate $main (with "" (instance (export "new" (func $new))))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
