;;! Has no memory, and asks WASI for what needs none: it is told that this is not supported, and what does need one traps.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1), f(2)
;;rows 52|8
(module
  (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (func (export "f") (param i64) (result i64)
    (i64.extend_i32_u
      (if (result i32) (i64.eq (local.get 0) (i64.const 1))
        (then (call $allocate (i32.const 3) (i64.const 0) (i64.const 8)))
        (else (call $close (i32.const 3)))))))
