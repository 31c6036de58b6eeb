;;! Exports its memory under the name of the memory through which columns pass, which no guest may reach.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it exports 'wf:arena', but names that begin with 'wf:' are reserved for the batch drivers
(module
  (memory (export "wf:arena") 1)
  (func (export "f") (param i64) (result i64) (local.get 0)))
