;;! Exports a function named like a driver.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it exports 'wf:driver0', but names that begin with 'wf:' are reserved for the batch drivers
(module
  (func (export "f") (param i64) (result i64) (local.get 0))
  (func (export "wf:driver0") (param i32 i32) (result i32) (i32.const 0)))
