;;! The name of a function on the stack of a trap clears the terminal.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error unreachable
;;error all is well
(module
  (func $"\1b[2J all is well" (export "f") (param i64) (result i64) (unreachable)))
