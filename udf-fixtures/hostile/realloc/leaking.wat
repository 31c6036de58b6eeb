;;! Grows memory by pages that nobody needs, more and more of them with each call, and gives the end of it.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT sum(f(repeat('x', value))) FROM generate_series(1, 1000)
;;rows 500500
(module
  (memory (export "memory") 1)
  (global $pages (mut i32) (i32.const 1))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $pages (i32.add (global.get $pages) (i32.const 1)))
    (if (i32.eq (memory.grow (global.get $pages)) (i32.const -1)) (then (unreachable)))
    (i32.shl (i32.sub (memory.size) (i32.const 1)) (i32.const 16)))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
