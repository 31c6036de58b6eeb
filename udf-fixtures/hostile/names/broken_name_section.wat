;;! A name section that names functions that there are not, twice, and ends in the middle of a name.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error unreachable
(module
  (@custom "name" (after code) "\01\ff\ff\ff\ff\0f\00\04abc")
  (@custom "name" (after data) "\01\0c\02\e7\07\03abc\00\03xyz\02\ff\ff\ff\ff\0f")
  (func (export "f") (param i64) (result i64) (unreachable)))
