;;! The remainder by zero, after rows with nulls, which the guest never sees but which count as rows.
;;sql CREATE FUNCTION f(x INT) RETURNS INT AS WASM FROM INFILE '$M'
;;sql SELECT f(x) FROM (VALUES (3), (NULL), (NULL), (0), (5)) AS t(x)
;;error failed at row 3 of the batch
;;error integer divide by zero
(module
  (func (export "f") (param $x i32) (result i32)
    (i32.rem_s (i32.const 7) (local.get $x))))
