;;! Changes its memory, globals and table, and traps where it finds any of that: each row must begin without it.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 200)
;;rows 20100
(module
  (memory 1)
  (table 2 funcref)
  (global $dirty (mut i32) (i32.const 0))
  (elem declare func $f)
  (func $f (export "f") (param $x i64) (result i64)
    (if (i32.load (i32.const 65532)) (then (unreachable)))
    (if (global.get $dirty) (then (unreachable)))
    (if (i32.eqz (ref.is_null (table.get (i32.const 1)))) (then (unreachable)))
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 65536))
    (global.set $dirty (i32.const 1))
    (table.set (i32.const 1) (ref.func $f))
    (local.get $x)))
