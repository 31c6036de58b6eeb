;;! Imports a memory: that of somebody else.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports env.memory, which no sandbox has
(module
  (import "env" "memory" (memory 1))
  (func (export "f") (param i64) (result i64) (i64.load (i32.const 0))))
