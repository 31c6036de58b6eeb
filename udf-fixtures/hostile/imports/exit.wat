;;! Ends itself on one row, with a code that other programs take for success.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (1), (0)) AS t(x)
;;error failed at row 1
;;error it ended itself with exit code 0
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (if (i64.eqz (local.get 0)) (then (call $exit (i32.const 0))))
    (local.get 0)))
