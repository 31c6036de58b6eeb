;;! A recursion of depth 60 with two calls in each: it ends, in a thousand years.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(60)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func $f (export "f") (param i64) (result i64)
    (if (i64.eqz (local.get 0)) (then (return (i64.const 1))))
    (i64.add (call $f (i64.sub (local.get 0) (i64.const 1))) (call $f (i64.sub (local.get 0) (i64.const 1))))))
