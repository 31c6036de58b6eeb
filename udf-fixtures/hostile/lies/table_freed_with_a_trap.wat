;;! A table function that traps when it frees a second list in a sandbox: no row may be lost or yielded twice.
;;sql CREATE FUNCTION f RETURNS TABLE AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT count(*), sum(value) FROM generate_series(1, 40) AS t(x), f(t.x)
;;rows 4000|82000
(module
  (memory (export "memory") 2)
  (global $freed (mut i32) (i32.const 0))
  (func (export "f") (param $x i64) (result i32) (local $at i32)
    (local.set $at (i32.const 800))
    (loop $l
      (local.set $at (i32.sub (local.get $at) (i32.const 8)))
      (i64.store offset=1024 (local.get $at) (local.get $x))
      (br_if $l (local.get $at)))
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (i32.const 100))
    (i32.const 8))
  (func (export "cabi_post_f") (param i32)
    (if (global.get $freed) (then (unreachable)))
    (global.set $freed (i32.const 1))))
