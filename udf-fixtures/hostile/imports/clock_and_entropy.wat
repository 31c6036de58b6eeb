;;! Asks for the time and for random numbers: time stands still, and each sandbox gets the same numbers.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql CREATE FUNCTION g(x BIGINT) RETURNS BIGINT AS WASM GROW TO 131072 FROM INFILE '$M' USING EXPORT 'f'
;;sql SELECT f(0), f(1) = g(1), f(1) <> 0
;;rows 0|true|true
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory 1)
  (global $known (mut i64) (i64.const 0))
  (func (export "f") (param i64) (result i64)
    (if (i64.eqz (local.get 0))
      (then
        (i64.store (i32.const 8) (i64.const -1))
        (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 8)))
        (return (i64.load (i32.const 8)))))
    (if (i64.eqz (global.get $known))
      (then
        (drop (call $random (i32.const 8) (i32.const 8)))
        (global.set $known (i64.load (i32.const 8)))))
    (global.get $known)))
