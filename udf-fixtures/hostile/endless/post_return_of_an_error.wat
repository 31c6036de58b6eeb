;;! What is called to free the message of an error never comes back.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error failed at row 0
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\01\00\00\00\18\00\00\00\02\00\00\00\00\00\00\00no")
  (func (export "f") (param i64) (result i32) (i32.const 8))
  (func (export "cabi_post_f") (param i32) (loop $l (br $l))))
