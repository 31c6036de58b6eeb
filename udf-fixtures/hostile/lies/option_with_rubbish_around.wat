;;! A none whose payload is a string far away, and a some with rubbish in its padding: neither is looked at.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(0), f(1)
;;rows NULL|ok
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\00\ff\ff\ff\f0\ff\ff\ff\ff\ff\ff\ff")
  (data (i32.const 24) "\01\ff\ff\ff\30\00\00\00\02\00\00\00")
  (data (i32.const 48) "ok")
  (func (export "f") (param i32) (result i32)
    (select (i32.const 24) (i32.const 8) (local.get 0))))
