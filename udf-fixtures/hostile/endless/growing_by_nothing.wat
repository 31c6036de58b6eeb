;;! Asks for 0 more pages, and for more than there are, again and again.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory 1)
  (func (export "f") (param i64) (result i64)
    (loop $l
      (drop (memory.grow (i32.const 0)))
      (drop (memory.grow (i32.const 65535)))
      (br $l))
    (unreachable)))
