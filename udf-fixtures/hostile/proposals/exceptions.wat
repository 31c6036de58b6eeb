;;! Throws an exception and catches it.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error exceptions
(module
  (tag $e (param i64))
  (func (export "f") (param i64) (result i64)
    (block $caught (result i64)
      (try_table (result i64) (catch $e $caught) (throw $e (local.get 0))))))
