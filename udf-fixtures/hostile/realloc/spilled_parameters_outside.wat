;;! Gives a block at the end of memory for more parameters than are passed as numbers.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i')
;;error failed at row 0
;;error an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (select (i32.const 65528) (i32.const 1024) (i32.gt_u (local.get 3) (i32.const 8))))
  (func (export "f") (param i32) (result i32) (i32.const 1)))
