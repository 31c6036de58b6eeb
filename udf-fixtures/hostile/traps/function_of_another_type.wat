;;! Calls a function as if it took a float.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error indirect call type mismatch
(module
  (type $t (func (param i64) (result i64)))
  (table funcref (elem $other))
  (func $other (param f64) (result i64) (i64.reinterpret_f64 (local.get 0)))
  (func (export "f") (param $x i64) (result i64)
    (call_indirect (type $t) (local.get $x) (i32.const 0))))
