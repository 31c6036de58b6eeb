;;! The name of an import that is refused clears the terminal.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error which no sandbox has: only WASI may be imported
;;error all is well
(module
  (import "\1b[2J" " all is well" (func))
  (func (export "f") (param i64) (result i64) (local.get 0)))
