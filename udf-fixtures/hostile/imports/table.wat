;;! Imports a table of functions.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it imports env.__indirect_function_table, which no sandbox has
(module
  (import "env" "__indirect_function_table" (table 1 funcref))
  (func (export "f") (param i64) (result i64) (local.get 0)))
