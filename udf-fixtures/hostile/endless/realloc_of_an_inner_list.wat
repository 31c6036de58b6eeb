;;! The allocator never comes back when it is asked for the memory of a list within a list.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(make_array(make_array(1::BIGINT)))
;;error failed at row 0
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory (export "memory") 1)
  (global $calls (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (loop $l (br_if $l (i32.ge_u (global.get $calls) (i32.const 2))))
    (i32.const 64))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
