;;! Makes an integer of what is no number.
;;sql CREATE FUNCTION f(x DOUBLE) RETURNS INT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (1.5::DOUBLE), ('NaN'::DOUBLE)) AS t(x)
;;error failed at row 1
;;error invalid conversion to integer
(module
  (func (export "f") (param $x f64) (result i32)
    (i32.trunc_f64_s (local.get $x))))
