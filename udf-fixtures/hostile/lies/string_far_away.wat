;;! A string that begins far outside of memory, after one that is honest.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (0), (1)) AS t(x)
;;error failed at row 1
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "f") (param i64) (result i32)
    (i32.store (i32.const 8) (i32.mul (i32.wrap_i64 (local.get 0)) (i32.const 0x7fff0000)))
    (i32.store (i32.const 12) (i32.const 5))
    (i32.const 8)))
