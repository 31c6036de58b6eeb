;;! A global that threads share.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error shared-everything-threads
(module
  (global (shared mut i64) (i64.const 0))
  (func (export "f") (param i64) (result i64) (local.get 0)))
