;;! A list of records, of which the last field of the last one is behind the end of memory.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(65504), f(65520)
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32)
    (i32.store (i32.const 8) (local.get 0))
    (i32.store (i32.const 12) (i32.const 2))
    (i32.const 8)))
