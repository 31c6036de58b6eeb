;;! Imports a global, which others could change.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports env.__stack_pointer, which no sandbox has
(module
  (import "env" "__stack_pointer" (global (mut i32)))
  (func (export "f") (param i64) (result i64) (local.get 0)))
