;;! The same through a table.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error tail calls
(module
  (type $t (func (param i64) (result i64)))
  (table funcref (elem $f))
  (func $f (export "f") (type $t) (return_call_indirect (type $t) (local.get 0) (i32.const 0))))
