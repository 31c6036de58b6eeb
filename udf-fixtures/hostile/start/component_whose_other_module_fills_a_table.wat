;;! A component whose second module puts a function of its own into the table of the first.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows 42
(component
  (core module $main
    (type $t (func (param i64) (result i64)))
    (table (export "t") 1 funcref)
    (func (export "f") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (core module $init
    (import "m" "t" (table 1 funcref))
    (func $answer (param i64) (result i64) (i64.const 42))
    (elem (i32.const 0) $answer))
  (core instance $m (instantiate $main))
  (core instance (instantiate $init (with "m" (instance $m))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
