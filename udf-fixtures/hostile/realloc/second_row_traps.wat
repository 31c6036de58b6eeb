;;! Traps on the second call in a sandbox, where each row has one string: every row can be done, in a fresh sandbox.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT sum(f(repeat('x', value))) FROM generate_series(1, 200)
;;rows 20100
(module
  (memory (export "memory") 1)
  (global $calls (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.ge_u (global.get $calls) (i32.const 2)) (then (unreachable)))
    (i32.const 1024))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
