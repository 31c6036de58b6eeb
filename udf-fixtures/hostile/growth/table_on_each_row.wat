;;! Takes ten thousand elements of a table on each row, and traps when there are no more.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 1000)
;;rows 500500
(module
  (table 1 funcref)
  (func (export "f") (param $x i64) (result i64)
    (if (i32.eq (table.grow (ref.null func) (i32.const 10000)) (i32.const -1)) (then (unreachable)))
    (local.get $x)))
