;;! The start function calls itself without end.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error call stack exhausted
(module
  (func $start (call $start) (call $start))
  (start $start)
  (func (export "f") (param i64) (result i64) (local.get 0)))
