;;! Exports two functions that match the SQL name equally well: one must not be taken by chance.
;;sql CREATE FUNCTION a_b_c(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error a-b_c
;;error a_b-c
(module
  (func (export "a-b_c") (param i64) (result i64) (i64.const 1))
  (func (export "a_b-c") (param i64) (result i64) (i64.const 2)))
