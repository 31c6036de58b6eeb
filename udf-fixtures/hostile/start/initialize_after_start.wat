;;! Both a start function and _initialize: each runs once for a sandbox, the start function first.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(1, 3)
;;rows 12
;;rows 12
;;rows 12
(module
  (global $seen (mut i64) (i64.const 0))
  (func $append (param i64) (global.set $seen (i64.add (i64.mul (global.get $seen) (i64.const 10)) (local.get 0))))
  (func $start (call $append (i64.const 1)))
  (start $start)
  (func (export "_initialize") (call $append (i64.const 2)))
  (func (export "f") (param i64) (result i64) (global.get $seen)))
