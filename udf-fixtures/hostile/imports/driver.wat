;;! Imports what is appended to every module.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports the function wf:arena.grow, which no sandbox has
(module
  (import "wf:arena" "grow" (func (result i32)))
  (func (export "f") (param i64) (result i64) (local.get 0)))
