;;! Exports a table of functions under the function's name.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error the module exports no function f; it exports g
(module
  (table (export "f") funcref (elem $g))
  (func $g (export "g") (param i64) (result i64) (local.get 0)))
