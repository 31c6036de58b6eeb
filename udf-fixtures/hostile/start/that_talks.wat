;;! The start function writes to standard error and traps: what it wrote is part of the report.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error the guest wrote: no disk
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 0) "\08\00\00\00\07\00\00\00no disk")
  (func $start
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 32)))
    (unreachable))
  (start $start)
  (func (export "f") (param i64) (result i64) (local.get 0)))
