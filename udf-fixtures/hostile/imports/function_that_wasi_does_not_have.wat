;;! Imports a function of WASI that does not exist: it is answered as one that is not supported.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0)
;;rows 52
(module
  (import "wasi_snapshot_preview1" "make_coffee" (func $coffee (param f32 v128) (result i32)))
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (i64.extend_i32_u (call $coffee (f32.const 0) (v128.const i64x2 0 0)))))
