;;! Two memories; the second would be the one through which columns pass.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error multiple memories
(module
  (memory 1)
  (memory 1)
  (func (export "f") (param i64) (result i64) (i64.load 1 (i32.const 0))))
