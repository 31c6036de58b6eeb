;;! Has a memory, but exports it under another name than the one that the ABI prescribes.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error needs the export memory, which the module lacks
(module
  (memory (export "heap") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
