;;! Counts to 2^63: a loop that ends, and that a compiler could think harmless.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "f") (param i64) (result i64)
    (loop $l
      (br_if $l (i64.gt_s (local.tee 0 (i64.add (local.get 0) (i64.const 1))) (i64.const 0))))
    (local.get 0)))
