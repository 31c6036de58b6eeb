;;! Gives pages of its memory back.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error memory control
(module
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (memory.discard (i32.const 0) (i32.const 0))
    (local.get 0)))
