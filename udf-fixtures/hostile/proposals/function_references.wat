;;! Calls a function by a reference that says its type.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error function references
(module
  (type $t (func (param i64) (result i64)))
  (elem declare func $g)
  (func $g (type $t) (local.get 0))
  (func (export "f") (param i64) (result i64) (call_ref $t (local.get 0) (ref.func $g))))
