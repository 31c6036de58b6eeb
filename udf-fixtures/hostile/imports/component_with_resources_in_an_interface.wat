;;! The same in an interface, as tools would make it.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;error own
(component
  (type $r' (resource (rep i32)))
  (core module $m (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $f (result (own $r')) (canon lift (core func $i "f")))
  (component $api
    (import "import-type-r" (type $r' (sub resource)))
    (import "import-func-f" (func $f (result (own $r'))))
    (export $r "r" (type $r'))
    (export "f" (func $f) (func (result (own $r)))))
  (instance $api (instantiate $api (with "import-type-r" (type $r')) (with "import-func-f" (func $f))))
  (export "a:b/api" (instance $api)))
