;;! Several imports of one module under one heading.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error compact imports
(module
  (import "wasi_snapshot_preview1" (item "sched_yield" (func (result i32))))
  (func (export "f") (param i64) (result i64) (local.get 0)))
