;;! Fills 64 MiB again and again: little time in loops, much in each turn.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM GROW TO 67108864 FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory 1024)
  (func (export "f") (param i64) (result i64)
    (loop $l (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x4000000)) (br $l))
    (unreachable)))
