;;! Returns pointer and length as two values, where the ABI has one address for both.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;error the export f is a core function (i64) -> (i32, i32)
(module
  (memory (export "memory") 1)
  (func (export "f") (param i64) (result i32 i32) (i32.const 8) (i32.const 1)))
