;;! Returns what is no character on the first row and traps on the second: either may be told of, and the trap is.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(x) FROM (VALUES (55296), (0)) AS t(x)
;;error failed at row 1
;;error it trapped
(module
  (func (export "f") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (unreachable)))
    (local.get 0)))
