;;! Atomic instructions on a memory of its own, which no thread shares.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error threads
(module
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (i64.atomic.rmw.add (i32.const 0) (local.get 0))))
