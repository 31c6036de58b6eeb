;;! Three lists that share their items; one of them holds the lists themselves. That is odd, and allowed.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;rows [[7, 8, 9], [8, 9], [16, 3]]
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\03\00\00\00"
    "\28\00\00\00\03\00\00\00" "\2c\00\00\00\02\00\00\00" "\08\00\00\00\02\00\00\00"
    "\07\00\00\00\08\00\00\00\09\00\00\00")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
