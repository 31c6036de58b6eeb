;;! A data segment of which the last byte is behind the end of memory.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error out of bounds memory access
(module
  (memory 1)
  (data (i32.const 65533) "abcd")
  (func (export "f") (param i64) (result i64) (local.get 0)))
