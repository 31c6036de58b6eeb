;;! Exports the address of an allocator under its name, not the allocator.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error needs the export cabi_realloc, which the module lacks
(module
  (memory (export "memory") 1)
  (global (export "cabi_realloc") i32 (i32.const 1))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
