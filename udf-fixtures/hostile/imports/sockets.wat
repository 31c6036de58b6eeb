;;! Accepts and reads from connections that nobody has made.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(3)
;;rows 52
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (i64.extend_i32_u (call $accept (i32.wrap_i64 (local.get 0)) (i32.const 0) (i32.const 8)))))
