;;! The first row ends with half a character and the second begins with the other half: only both together are UTF-8.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (16), (17)) AS t(x)
;;error failed at row 0
;;error it returned a string that is not UTF-8
(module
  (memory (export "memory") 1)
  (data (i32.const 16) "\c3\a9")
  (func (export "f") (param i32) (result i32)
    (i32.store (i32.const 8) (local.get 0))
    (i32.store (i32.const 12) (i32.const 1))
    (i32.const 8)))
