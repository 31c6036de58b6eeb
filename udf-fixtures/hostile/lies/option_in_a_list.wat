;;! A list of options, the last of which has the discriminant 255.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error it returned a discriminant that its type does not have
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\03\00\00\00" "\01\07" "\00\07" "\ff\07")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
