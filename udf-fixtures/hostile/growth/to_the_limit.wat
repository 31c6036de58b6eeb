;;! Grows to exactly 16 MiB, and once more by nothing.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(254), f(255), f(0)
;;rows 255|256|1
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (drop (memory.grow (i32.wrap_i64 (local.get $x))))
    (i64.extend_i32_u (i32.add (memory.size) (memory.grow (i32.const 0)))) (i64.const 2) (i64.div_u)))
