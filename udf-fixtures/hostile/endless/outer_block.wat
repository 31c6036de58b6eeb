;;! A loop without a branch to itself: it leaves an inner loop and comes back from the outside.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "f") (param i64) (result i64)
    (loop $outer
      (block $b
        (loop $inner (br_if $b (i64.ne (local.get 0) (i64.const 0))) (br $inner)))
      (br $outer))
    (unreachable)))
