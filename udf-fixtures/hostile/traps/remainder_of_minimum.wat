;;! The remainder of the least number by -1 is 0, although the instruction of the processor raises a signal for it.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (-1), (1), (10)) AS t(x)
;;rows 0
;;rows 0
;;rows -8
(module
  (func (export "f") (param $x i64) (result i64)
    (i64.rem_s (i64.const 0x8000000000000000) (local.get $x))))
