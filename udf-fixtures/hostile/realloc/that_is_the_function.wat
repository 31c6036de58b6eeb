;;! The function is its own allocator: it is called for its arguments before it is called with them.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1, 2, 3, 4)
;;rows 4
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (export "f") (param i32 i32 i32 i32) (result i32) (local.get 3)))
