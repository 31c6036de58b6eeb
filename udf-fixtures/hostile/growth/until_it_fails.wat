;;! Grows page by page until there are no more, and then gives up.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(1, 3)
;;error it needs more than its 16 MiB of memory (wasm `unreachable` instruction executed); GROW TO in CREATE FUNCTION gives it more
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (unreachable)))
