;;! Gives the same block for a list and for the strings in it, so that text overwrites pointers.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(make_array('abcdefgh', 'ijklmnop', 'qrstuvwx'))
;;rows 3
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
