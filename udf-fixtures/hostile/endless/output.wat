;;! Writes to standard output for ever.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
;;error the guest wrote:
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory 1)
  (data (i32.const 0) "\08\00\00\00\06\00\00\00again\n")
  (func (export "f") (param i64) (result i64)
    (loop $l (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32))) (br $l))
    (unreachable)))
