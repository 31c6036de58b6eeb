;;! What is called to free a result traps, always.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error failed at row 0
;;error unreachable
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\02\00\00\00ok")
  (func (export "f") (param i64) (result i32) (i32.const 8))
  (func (export "cabi_post_f") (param i32) (unreachable)))
