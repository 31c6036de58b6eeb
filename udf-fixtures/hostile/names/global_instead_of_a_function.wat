;;! Exports a global under the function's name, and it is asked for by that name.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'there'
;;error the module exports no function there; it exports none
(module
  (global (export "there") (mut i64) (i64.const 0)))
