;;! Never comes back from one row.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(0, 5000)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "f") (param $x i64) (result i64)
    (if (i64.eq (local.get $x) (i64.const 4242)) (then (loop $l (br $l))))
    (local.get $x)))
