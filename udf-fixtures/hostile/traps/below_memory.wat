;;! Addresses just below 0, where the runtime keeps what is its own if memory is laid out so.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(-8, -1)
;;error failed at row 0
;;error out of bounds memory access
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (i64.load (i32.wrap_i64 (local.get $x)))))
