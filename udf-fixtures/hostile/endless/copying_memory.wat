;;! Copies 32 MiB to and fro again and again.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM GROW TO 67108864 FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (memory 1024)
  (func (export "f") (param i64) (result i64)
    (loop $l
      (memory.copy (i32.const 0) (i32.const 0x2000000) (i32.const 0x2000000))
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x2000000))
      (br $l))
    (unreachable)))
