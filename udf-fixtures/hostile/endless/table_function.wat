;;! A table function that never comes back with its list.
;;sql CREATE FUNCTION f RETURNS TABLE AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT count(*) FROM generate_series(1, 3) AS t(x), f(t.x)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory (export "memory") 1)
  (func (export "f") (param i64) (result i32) (loop $l (br $l)) (unreachable)))
