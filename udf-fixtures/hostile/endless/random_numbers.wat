;;! Fills 64 MiB with random numbers again and again: time is spent in a function that is not the guest's own.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM GROW TO 67108864 FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory 1024)
  (func (export "f") (param i64) (result i64)
    (loop $l (drop (call $random (i32.const 0) (i32.const 0x4000000))) (br $l))
    (unreachable)))
