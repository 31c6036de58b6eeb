;;! A list of more items than memory has room for, of which the first are honest.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (8000), (8192)) AS t(x)
;;error failed at row 1
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32)
    (i32.store (i32.const 8) (i32.const 16))
    (i32.store (i32.const 12) (local.get 0))
    (i32.const 8)))
