;;! A data segment for memory number 1, which after assembly is the one through which columns pass.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error unknown memory 1
(module
  (memory 1)
  (data (memory 1) (i32.const 0) "\ff\ff\ff\ff")
  (func (export "f") (param i64) (result i64) (local.get 0)))
