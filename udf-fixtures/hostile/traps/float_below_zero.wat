;;! Makes unsigned integers of -0.9, which is 0, and of -1, which is none.
;;sql CREATE FUNCTION f(x REAL) RETURNS INT UNSIGNED AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (-0.9::REAL), (-1::REAL)) AS t(x)
;;error failed at row 1
;;error integer overflow
(module
  (func (export "f") (param $x f32) (result i32)
    (i32.trunc_f32_u (local.get $x))))
