;;! Reads a global after its last: after assembly that is the state of the random numbers.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error unknown global
(module
  (global $own i64 (i64.const 1))
  (func (export "f") (param i64) (result i64) (global.get 1)))
