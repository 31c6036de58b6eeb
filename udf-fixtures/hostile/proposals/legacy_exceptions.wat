;;! Exceptions as they were before they were standardised.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error legacy_exceptions
(module
  (func (export "f") (param i64) (result i64)
    try (result i64)
      local.get 0
    catch_all
      i64.const 0
    end))
