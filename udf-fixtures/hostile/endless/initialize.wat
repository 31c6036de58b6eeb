;;! The export _initialize never comes back.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(1, 20000)
;;error failed before its first row
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "_initialize") (loop $l (br $l)))
  (func (export "f") (param i64) (result i64) (local.get 0)))
