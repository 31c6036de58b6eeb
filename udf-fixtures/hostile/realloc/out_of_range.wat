;;! Gives an address far outside of memory.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(s) FROM (VALUES ('abc'), ('abcd')) AS t(s)
;;error failed at row 0
;;error an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x7fff0000))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
