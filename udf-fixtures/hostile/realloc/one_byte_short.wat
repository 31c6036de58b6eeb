;;! Gives a block whose last byte is behind the end of memory, for strings of any length.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(repeat('x', n)) FROM (VALUES (1), (5), (12), (24), (48), (100)) AS t(n)
;;error failed at row 0
;;error an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.sub (i32.const 65537) (local.get 3)))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
