;;! Grows a table to a million elements, and past them.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(999999), f(1000000), f(-1)
;;rows 1|-1|-1
(module
  (table 1 funcref)
  (func (export "f") (param $x i64) (result i64)
    (i64.extend_i32_s (table.grow (ref.null func) (i32.wrap_i64 (local.get $x))))))
