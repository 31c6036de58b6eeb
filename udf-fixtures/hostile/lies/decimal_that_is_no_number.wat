;;! Text that stands for a decimal and is none.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS DECIMAL(38, 2) AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(1)
;;error failed at row 0
;;error it returned '1e999999999'
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\0b\00\00\00" "1e999999999")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
