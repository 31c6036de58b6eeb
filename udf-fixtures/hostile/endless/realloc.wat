;;! The allocator never comes back for strings of more than two bytes.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(s) FROM (VALUES ('ab'), ('abc')) AS t(s)
;;error failed at row 1
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (loop $l (br_if $l (i32.gt_u (local.get 3) (i32.const 2))))
    (i32.const 64))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
