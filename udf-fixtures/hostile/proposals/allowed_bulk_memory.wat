;;! Allowed: instructions on stretches of memory, and segments that are copied when they are asked for.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows -4160289275
(module
  (memory 1)
  (data $d "\01\02\03\04\05\06\07\08")
  (func (export "f") (param i64) (result i64)
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 64))
    (memory.init $d (i32.const 8) (i32.const 4) (i32.const 4))
    (memory.copy (i32.const 0) (i32.const 8) (i32.const 4))
    (i64.load (i32.const 0))))
