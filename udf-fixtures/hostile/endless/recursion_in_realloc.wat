;;! The allocator calls itself without end.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f('abc')
;;error failed at row 0
;;error call stack exhausted
(module
  (memory (export "memory") 1)
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.add (call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3)) (i32.const 8)))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
