;;! A data segment of no bytes right behind the last byte of memory, which is allowed.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows 1
(module
  (memory 1)
  (data (i32.const 65536) "")
  (func (export "f") (param i64) (result i64) (local.get 0)))
