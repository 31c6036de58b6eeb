;;! Vector instructions whose results depend on the processor.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error relaxed SIMD
(module
  (func (export "f") (param i64) (result i64)
    (i64x2.extract_lane 0
      (f32x4.relaxed_madd (v128.const f32x4 1 2 3 4) (v128.const f32x4 1 2 3 4) (v128.const f32x4 1 2 3 4)))))
