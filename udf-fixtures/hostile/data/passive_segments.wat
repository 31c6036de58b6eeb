;;! Passive segments that are copied, dropped, and copied again, in every fresh sandbox anew.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 100)
;;rows 700
(module
  (memory 1)
  (table 1 funcref)
  (data $d "\07")
  (elem $e func $f)
  (global $done (mut i32) (i32.const 0))
  (func $f (export "f") (param i64) (result i64)
    (if (i32.eqz (global.get $done))
      (then
        (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))
        (table.init $e (i32.const 0) (i32.const 0) (i32.const 1))
        (data.drop $d)
        (elem.drop $e)
        (global.set $done (i32.const 1))))
    (if (ref.is_null (table.get (i32.const 0))) (then (unreachable)))
    (i64.load8_u (i32.const 0))))
