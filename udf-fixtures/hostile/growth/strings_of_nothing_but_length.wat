;;! A string of 15 MB for each row, always the same one: memory of the guest is not what its results take.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT count(*), min(length(s)) FROM (SELECT f(value) AS s FROM generate_series(1, 5))
;;rows 5|15000000
(module
  (memory (export "memory") 256)
  (func (export "_initialize") (memory.fill (i32.const 0) (i32.const 120) (i32.const 0x1000000)))
  (func (export "f") (param i64) (result i32)
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const 15000000))
    (i32.const 0)))
