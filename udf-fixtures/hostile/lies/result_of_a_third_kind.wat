;;! A result that is neither ok nor err.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (0), (7)) AS t(x)
;;error failed at row 1
;;error it returned a discriminant that its type does not have
(module
  (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32)
    (i32.store8 (i32.const 8) (local.get 0))
    (i32.const 8)))
