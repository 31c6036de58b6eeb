;;! Strings that end with the last byte of memory, and one byte behind it, of all lengths that are copied differently.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(len, 65536 - len + over) FROM (VALUES (100, 0), (40, 0), (20, 0), (10, 0), (5, 0), (1, 0), (0, 0), (1, 1)) AS t(len, over)
;;error failed at row 7
;;error it returned an address outside of its memory
(module
  (memory (export "memory") 1)
  (func (export "f") (param $len i32) (param $pointer i32) (result i32)
    (i32.store (i32.const 8) (local.get $pointer))
    (i32.store (i32.const 12) (local.get $len))
    (i32.const 8)))
