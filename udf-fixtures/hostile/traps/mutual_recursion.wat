;;! Three functions that call each other without end.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error call stack exhausted
(module
  (func $a (export "f") (param i64) (result i64) (i64.add (call $b (local.get 0)) (i64.const 1)))
  (func $b (param i64) (result i64) (i64.sub (call $c (local.get 0)) (i64.const 1)))
  (func $c (param i64) (result i64) (i64.xor (call $a (local.get 0)) (i64.const 1))))
