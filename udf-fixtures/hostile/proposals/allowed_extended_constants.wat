;;! Allowed: constants that are computed.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(0)
;;rows 7
(module
  (global $a i32 (i32.const 40))
  (global $b i32 (i32.add (i32.const 40) (i32.mul (i32.const 2) (i32.const 1))))
  (memory 1)
  (data (offset (i32.sub (i32.const 50) (i32.const 8))) "\07")
  (func (export "f") (param i64) (result i64) (i64.load8_u (global.get $b))))
