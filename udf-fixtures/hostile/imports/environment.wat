;;! Asks for arguments and environment variables.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0)
;;rows 0
(module
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 16))
    (drop (call $environ (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 8) (i32.const 12)))
    (i64.or (i64.load (i32.const 0)) (i64.load (i32.const 8)))))
