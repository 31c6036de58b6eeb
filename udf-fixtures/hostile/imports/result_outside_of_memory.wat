;;! Has the answers of WASI written outside of its memory.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(65533)
;;error failed at row 0
;;error out of bounds memory access
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (i64.extend_i32_u (call $clock (i32.const 0) (i64.const 1) (i32.wrap_i64 (local.get 0))))))
