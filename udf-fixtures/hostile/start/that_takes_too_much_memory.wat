;;! The start function takes all memory that there is, and gives up when there is no more.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error it needs more than its 16 MiB of memory
(module
  (memory 1)
  (func $start
    (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (unreachable))
  (start $start)
  (func (export "f") (param i64) (result i64) (local.get 0)))
