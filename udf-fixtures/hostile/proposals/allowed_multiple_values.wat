;;! Allowed: functions and blocks with several results.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1), f(101)
;;rows -99|1
(module
  (func $swap (param i64 i64) (result i64 i64) (local.get 1) (local.get 0))
  (func (export "f") (param i64) (result i64)
    (call $swap (local.get 0) (i64.const 100))
    (block (param i64 i64) (result i64 i64) (call $swap))
    (i64.sub)))
