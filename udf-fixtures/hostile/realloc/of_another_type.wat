;;! Exports an allocator that takes two numbers, as malloc and free would.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error the export cabi_realloc is a core function (i32, i32) -> (i32), but func(s: string) -> u32 needs (i32, i32, i32, i32) -> (i32)
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32) (result i32) (i32.const 0))
  (func (export "f") (param i32 i32) (result i32) (local.get 1)))
