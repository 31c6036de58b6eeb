;;! Takes a mebibyte on each row and frees none, and traps when there is no more: the rows must be done nevertheless.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 1000)
;;rows 500500
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
    (local.get $x)))
