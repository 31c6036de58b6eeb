;;! What is called to free a result takes a pointer and a length, where it is given the address of both.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error the export cabi_post_f is a core function (i32, i32) -> ()
(module
  (memory (export "memory") 1)
  (func (export "f") (param i64) (result i32) (i32.const 8))
  (func (export "cabi_post_f") (param i32 i32)))
