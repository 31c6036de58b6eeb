;;! The start function never comes back.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func $start (loop $l (br $l)))
  (start $start)
  (func (export "f") (param i64) (result i64) (local.get 0)))
