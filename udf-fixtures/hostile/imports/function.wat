;;! Imports a function from outside, and would hand it what it was given.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports the function env.tell, which no sandbox has: only WASI may be imported
(module
  (import "env" "tell" (func $tell (param i64) (result i64)))
  (func (export "f") (param i64) (result i64) (call $tell (local.get 0))))
