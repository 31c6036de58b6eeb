;;! The start function writes memory, a global and a table; all of that is there for the first row.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 5000)
;;rows 12712500
(module
  (type $t (func (param i64) (result i64)))
  (memory 1)
  (table 1 funcref)
  (global $g (mut i64) (i64.const 0))
  (elem declare func $add)
  (func $add (type $t) (i64.add (local.get 0) (i64.add (global.get $g) (i64.load (i32.const 8)))))
  (func $start
    (i64.store (i32.const 8) (i64.const 2))
    (global.set $g (i64.const 40))
    (table.set (i32.const 0) (ref.func $add)))
  (start $start)
  (func (export "f") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))
