;;! The start function takes all memory that there is, so that no row is left any.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(1, 3)
;;rows 256
;;rows 256
;;rows 256
(module
  (memory 1)
  (func $start (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))
  (start $start)
  (func (export "f") (param i64) (result i64)
    (drop (memory.grow (i32.const 1)))
    (i64.extend_i32_u (memory.size))))
