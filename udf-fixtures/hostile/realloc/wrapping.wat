;;! Gives an address from which a long string wraps around to the start of memory.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(repeat('x', 1000))
;;error an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -8))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
