;;! Waits for another thread that is not there, without end.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error threads
(module
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (i64.extend_i32_u (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
