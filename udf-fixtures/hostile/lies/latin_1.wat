;;! Text that is not UTF-8 but Latin-1, on one row among others.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (3), (4), (3)) AS t(x)
;;error failed at row 1
;;error it returned a string that is not UTF-8
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "caf\e9")
  (func (export "f") (param i32) (result i32)
    (i32.store (i32.const 8) (i32.const 16))
    (i32.store (i32.const 12) (local.get 0))
    (i32.const 8)))
