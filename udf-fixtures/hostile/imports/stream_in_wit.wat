;;! A core module whose WIT says that it returns a stream.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error WIT type stream has no counterpart in SQL
(module
  (func (export "f") (param i64) (result i32) (i32.const 0)))
