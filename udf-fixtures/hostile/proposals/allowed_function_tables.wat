;;! Allowed: references to functions in several tables that are read, written and copied.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(21)
;;rows 42
(module
  (type $t (func (param i64) (result i64)))
  (table $a 2 funcref)
  (table $b 2 funcref)
  (elem declare func $double)
  (func $double (type $t) (i64.mul (local.get 0) (i64.const 2)))
  (func (export "f") (type $t)
    (table.set $a (i32.const 1) (ref.func $double))
    (table.copy $b $a (i32.const 0) (i32.const 1) (i32.const 1))
    (call_indirect $b (type $t) (local.get 0) (i32.const 0))))
