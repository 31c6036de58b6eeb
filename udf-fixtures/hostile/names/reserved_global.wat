;;! Exports a global under the name of the guest's memory.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it exports 'wf:memory', but names that begin with 'wf:' are reserved for the batch drivers
(module
  (global (export "wf:memory") i32 (i32.const 0))
  (func (export "f") (param i64) (result i64) (local.get 0)))
