;;! Calls itself without end through a table, where nobody can see beforehand who is called.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error call stack exhausted
(module
  (type $t (func (param i64) (result i64)))
  (table funcref (elem $f))
  (func $f (export "f") (type $t)
    (i64.add (call_indirect (type $t) (local.get 0) (i32.const 0)) (i64.const 1))))
