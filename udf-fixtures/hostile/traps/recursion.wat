;;! Calls itself without end.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(0, 3)
;;error failed at row 2
;;error call stack exhausted
(module
  (func $f (export "f") (param $x i64) (result i64)
    (if (i64.ne (local.get $x) (i64.const 2)) (then (return (local.get $x))))
    (i64.add (call $f (local.get $x)) (i64.const 1))))
