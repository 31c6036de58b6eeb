;;! Traps on the second call in a sandbox: each row has two strings, so no row can ever be done.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f('a', 'b')
;;error failed at row 0
;;error unreachable
(module
  (memory (export "memory") 1)
  (global $calls (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.ge_u (global.get $calls) (i32.const 2)) (then (unreachable)))
    (i32.const 1024))
  (func (export "f") (param i32 i32 i32 i32) (result i32) (local.get 1)))
