;;! A data segment for memory that there would be after it has grown.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error out of bounds memory access
(module
  (memory 1 2)
  (data (i32.const 65536) "a")
  (func $start (drop (memory.grow (i32.const 1))))
  (start $start)
  (func (export "f") (param i64) (result i64) (local.get 0)))
