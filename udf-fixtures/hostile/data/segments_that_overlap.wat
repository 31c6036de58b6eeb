;;! Data segments that overlap: the later ones count.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0)
;;rows 289638863482323713
(module
  (memory 1)
  (data (i32.const 0) "\01\01\01\01\01\01\01\01")
  (data (i32.const 1) "\03\03\03\03")
  (data (i32.const 6) "\05\04")
  (func (export "f") (param i64) (result i64) (i64.load (i32.wrap_i64 (local.get 0)))))
