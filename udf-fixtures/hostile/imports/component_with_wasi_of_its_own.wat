;;! A component that imports WASI, and gives its core module something of its own under that name: that one counts.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows 42
(component
  (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
  (core module $lib (func (export "get-random-u64") (result i64) (i64.const 42)))
  (core instance $lib (instantiate $lib))
  (core module $m
    (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
    (memory 1)
    (func (export "f") (param i64) (result i64) (call $random)))
  (core instance $i (instantiate $m (with "wasi:random/random@0.2.0" (instance $lib))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
