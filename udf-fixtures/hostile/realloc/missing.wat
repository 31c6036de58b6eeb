;;! Takes a string and exports no allocator.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error func(s: string) -> u32 needs the export cabi_realloc, which the module lacks
(module
  (memory (export "memory") 1)
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
