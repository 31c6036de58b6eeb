;;! Loops of three turns, without end: the short ones never look at the stop word.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "f") (param i64) (result i64)
    (local $turn i32)
    (loop $forever
      (local.set $turn (i32.const 3))
      (loop $short
        (local.set 0 (i64.mul (local.get 0) (i64.const 3)))
        (br_if $short (local.tee $turn (i32.sub (local.get $turn) (i32.const 1)))))
      (br $forever))
    (unreachable)))
