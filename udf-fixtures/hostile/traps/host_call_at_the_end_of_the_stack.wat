;;! Fills memory in each call of a recursion without end: the runtime is called where no stack is left.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error call stack exhausted
(module
  (memory 1)
  (table 10 funcref)
  (func $f (export "f") (param $x i64) (result i64)
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 100))
    (drop (memory.grow (i32.const 0)))
    (drop (table.grow (ref.null func) (i32.const 0)))
    (i64.add (call $f (local.get $x)) (i64.const 1))))
