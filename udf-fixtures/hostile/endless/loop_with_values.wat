;;! A loop that hands values to its own next turn.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "f") (param i64) (result i64)
    (local.get 0) (i64.const 1)
    (loop $l (param i64 i64) (result i64)
      (i64.add) (i64.const 1) (br $l))))
