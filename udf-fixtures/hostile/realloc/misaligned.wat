;;! Gives an odd address for a list of 64-bit numbers.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(make_array(1::BIGINT, 2::BIGINT))
;;error failed at row 0
;;error an address that is not aligned
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1025))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
