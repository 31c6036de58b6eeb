;;! Names of a core module that look like those of interfaces: the part after # counts, and only one may have it.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error several exports could be f: a#f, b#f
(module
  (func (export "a#f") (param i64) (result i64) (i64.const 1))
  (func (export "b#f") (param i64) (result i64) (i64.const 2)))
