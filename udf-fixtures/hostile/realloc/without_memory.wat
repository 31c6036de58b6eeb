;;! Takes a string and has no memory to put it in.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error needs the export memory, which the module lacks
(module
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
