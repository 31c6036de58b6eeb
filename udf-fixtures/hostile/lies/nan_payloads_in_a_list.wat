;;! The same of 32 bits, in a list that is copied as a whole.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT isnan(f(1)[1]), isnan(f(1)[2]), f(1)[3]
;;rows true|true|0.0
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\03\00\00\00" "\01\00\80\7f" "\ff\ff\ff\ff" "\00\00\00\00")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
