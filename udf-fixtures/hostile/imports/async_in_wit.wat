;;! A core module whose WIT says that its function is asynchronous.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error only plain functions can be called from SQL
(module
  (func (export "f") (param i64) (result i64) (local.get 0)))
