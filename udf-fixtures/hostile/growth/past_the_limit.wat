;;! Grows by one page more than there may be, by all pages that an address can name, and by more than that.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(256), f(65535), f(65536), f(-1), f(2147483647)
;;rows -1|-1|-1|-1|-1
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (i64.extend_i32_s (memory.grow (i32.wrap_i64 (local.get $x))))))
