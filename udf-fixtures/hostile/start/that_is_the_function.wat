;;! The start function is the function that is called, which therefore takes and returns nothing.
;;sql CREATE FUNCTION f() RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error the export f is a core function () -> ()
(module
  (func $f (export "f"))
  (start $f))
