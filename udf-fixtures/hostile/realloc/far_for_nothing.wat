;;! Gives an address outside of memory for a string of no bytes, which begins in memory nevertheless.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f('')
;;error an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -1))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
