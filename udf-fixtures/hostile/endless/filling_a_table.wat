;;! Fills and copies a million elements of a table again and again.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (table 1000000 funcref)
  (func (export "f") (param i64) (result i64)
    (loop $l
      (table.fill (i32.const 0) (ref.null func) (i32.const 1000000))
      (table.copy (i32.const 1) (i32.const 0) (i32.const 999999))
      (br $l))
    (unreachable)))
