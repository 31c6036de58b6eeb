;;! Opens a file, lists folders, and asks for those that are open: there are none.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0), f(1), f(2)
;;rows 52|8|52
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (memory 1)
  (data (i32.const 64) "/etc/passwd")
  (func (export "f") (param i64) (result i64)
    (if (i64.eqz (local.get 0))
      (then (return (i64.extend_i32_u
        (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 11) (i32.const 0) (i64.const -1)
          (i64.const -1) (i32.const 0) (i32.const 8))))))
    (if (i64.eq (local.get 0) (i64.const 1))
      (then (return (i64.extend_i32_u (call $prestat (i32.const 3) (i32.const 8))))))
    (i64.extend_i32_u (call $readdir (i32.const 3) (i32.const 8) (i32.const 64) (i64.const 0) (i32.const 4)))))
