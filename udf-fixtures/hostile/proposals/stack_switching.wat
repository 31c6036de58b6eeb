;;! A continuation.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error stack switching
(module
  (type $f (func))
  (type $c (cont $f))
  (func (export "f") (param i64) (result i64) (drop (ref.null $c)) (local.get 0)))
