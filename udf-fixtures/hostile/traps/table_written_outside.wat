;;! Writes an element after the last of a table, then calls what it wrote.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(0, 9)
;;error failed at row 4
;;error out of bounds table access
(module
  (type $t (func (param i64) (result i64)))
  (table 4 funcref)
  (elem declare func $f)
  (func $f (export "f") (type $t)
    (table.set (i32.wrap_i64 (local.get 0)) (ref.func $f))
    (local.get 0)))
