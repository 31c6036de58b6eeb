;;! The export _initialize calls itself without end.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error call stack exhausted
(module
  (func $initialize (export "_initialize") (call $initialize) (call $initialize))
  (func (export "f") (param i64) (result i64) (local.get 0)))
