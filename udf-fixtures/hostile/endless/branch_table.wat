;;! A loop whose only way back is a branch table.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (func (export "f") (param i64) (result i64)
    (block $out
      (loop $l
        (br_table $l $l $out $l (i32.wrap_i64 (local.get 0)))))
    (unreachable)))
