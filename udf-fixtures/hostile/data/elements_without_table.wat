;;! An element segment where there is no table.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error unknown table 0
(module
  (elem (i32.const 0) $f)
  (func $f (export "f") (param i64) (result i64) (local.get 0)))
