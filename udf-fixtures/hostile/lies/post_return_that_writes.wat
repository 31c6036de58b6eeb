;;! What is called to free a result overwrites it first: it was read before that.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT count(*) FILTER (WHERE f(value) = 'honest') FROM generate_series(1, 3000)
;;rows 3000
(module
  (memory (export "memory") 1)
  (data (i32.const 32) "honest")
  (func (export "f") (param i64) (result i32)
    (memory.copy (i32.const 16) (i32.const 32) (i32.const 6))
    (i32.store (i32.const 8) (i32.const 16))
    (i32.store (i32.const 12) (i32.const 6))
    (i32.const 8))
  (func (export "cabi_post_f") (param i32)
    (memory.fill (i32.const 8) (i32.const 255) (i32.const 16))))
