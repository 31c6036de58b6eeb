;;! Takes all memory there is on each row, writes to the last page, and leaves it so.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT sum(f(value)) FROM generate_series(1, 300)
;;rows 45150
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (drop (memory.grow (i32.sub (i32.const 256) (memory.size))))
    (i64.store (i32.const 0xfffff8) (local.get $x))
    (i64.load (i32.const 0xfffff8))))
