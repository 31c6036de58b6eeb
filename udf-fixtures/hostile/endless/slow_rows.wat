;;! Every row comes back after a while, and all of them together take far too long.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 8000)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "f") (param i64) (result i64) (local $n i32)
    (local.set $n (i32.const 3000000))
    (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get 0)))
