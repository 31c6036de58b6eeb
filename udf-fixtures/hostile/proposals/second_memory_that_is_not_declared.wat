;;! Reads a second memory that it does not declare: after assembly there is one of that number.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error module refused: malformed memop alignment
(module
  (memory 1)
  (func (export "f") (param i64) (result i64) (i64.load 1 (i32.const 0))))
