;;! Is to have less memory than one page: it has none.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM GROW TO 65535 FROM INFILE '$M'
;;sql SELECT f(1)
;;rows -1
(module
  (memory 0)
  (func (export "f") (param $x i64) (result i64)
    (i64.extend_i32_s (memory.grow (i32.wrap_i64 (local.get $x))))))
