;;! Exports a function under the name of what is run first.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it exports 'wf:init'
(module
  (func (export "f") (param i64) (result i64) (local.get 0))
  (func (export "wf:init")))
