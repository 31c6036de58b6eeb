;;! Takes and returns what SQL has no types for at all.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error the export f is a core function (v128) -> (funcref)
(module
  (func (export "f") (param v128) (result funcref) (ref.null func)))
