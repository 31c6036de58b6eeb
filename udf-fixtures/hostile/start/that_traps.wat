;;! The start function traps.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(1, 3)
;;error failed before its first row
;;error it trapped: wasm `unreachable` instruction executed
(module
  (func $start (unreachable))
  (start $start)
  (func (export "f") (param i64) (result i64) (local.get 0)))
