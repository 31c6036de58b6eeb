;;! Throws a reference to an exception that is null.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error exception
(module
  (func (export "f") (param i64) (result i64)
    (throw_ref (ref.null exn))))
