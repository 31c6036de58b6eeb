;;! Traps on one row in the middle of a batch: the report must name that row, and no other.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(0, 8000)
;;error function f failed at row 4241 of the batch (counted from 0): it trapped: wasm `unreachable` instruction executed
;;error arguments: x = 4241
(module
  (func (export "f") (param $x i64) (result i64)
    (if (i64.eq (local.get $x) (i64.const 4241)) (then (unreachable)))
    (local.get $x)))
