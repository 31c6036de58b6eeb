;;! The one quotient of 32 bits that is out of range; processors raise a signal for it.
;;sql CREATE FUNCTION f(x INT) RETURNS INT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (1), (-1)) AS t(x)
;;error failed at row 1
;;error integer overflow
(module
  (func (export "f") (param $x i32) (result i32)
    (i32.div_s (i32.const 0x80000000) (local.get $x))))
