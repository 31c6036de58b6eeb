;;! Calls itself without end, without using any stack.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error tail calls
(module
  (func $f (export "f") (param i64) (result i64) (return_call $f (local.get 0))))
