;;! Imports a function that it never calls.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports the function env.abort, which no sandbox has
(module
  (import "env" "abort" (func (param i32 i32 i32 i32)))
  (func (export "f") (param i64) (result i64) (local.get 0)))
