;;! A list of so many items of eight bytes that their size in 32 bits is eight bytes again.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\01\00\00\20")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
