;;! Strings of no bytes at address 0 and right behind the last byte of memory, which the ABI allows.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(0), f(65536)
;;rows |
(module
  (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32)
    (i32.store (i32.const 8) (local.get 0))
    (i32.const 8)))
