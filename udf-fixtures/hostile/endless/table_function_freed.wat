;;! A table function whose list is never freed, on a constant.
;;sql CREATE FUNCTION f RETURNS TABLE AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT * FROM f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\01\00\00\00\2a")
  (func (export "f") (param i64) (result i32) (i32.const 8))
  (func (export "cabi_post_f") (param i32) (loop $l (br $l))))
