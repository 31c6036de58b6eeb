;;! A module of a version that does not exist.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error version
(module binary
  "\00asm\ff\00\00\00")
