;;! The start function divides by zero, where the function is called on a constant, when the query is planned.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT value FROM generate_series(1, 3) WHERE value > f(1)
;;error failed before its first row
;;error integer divide by zero
(module
  (func $start (drop (i32.div_s (i32.const 1) (i32.const 0))))
  (start $start)
  (func (export "f") (param i64) (result i64) (local.get 0)))
