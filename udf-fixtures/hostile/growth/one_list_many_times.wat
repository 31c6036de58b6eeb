;;! A record of 700 lists that are all the same million bytes: 700 MB out of a sandbox of 16 MiB, all the driver's work.
;;set wasm.timeout_ms=100
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)['a']
;;error was interrupted after 100 ms (wasm.timeout_ms)
(module
  (memory (export "memory") 256)
  (func (export "f") (param i64) (result i32) (local $at i32)
    (local.set $at (i32.const 5600))
    (loop $l
      (local.set $at (i32.sub (local.get $at) (i32.const 8)))
      (i32.store offset=1024 (local.get $at) (i32.const 16384))
      (i32.store offset=1028 (local.get $at) (i32.const 1000000))
      (br_if $l (local.get $at)))
    (i32.store (i32.const 0) (i32.const 5))
    (i32.store (i32.const 4) (i32.const 1024))
    (i32.store (i32.const 8) (i32.const 700))
    (i32.const 0)))
