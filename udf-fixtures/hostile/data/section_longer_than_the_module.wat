;;! A section that says that it has 4 GiB.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error unexpected end
(module binary
  "\00asm\01\00\00\00"
  "\01\ff\ff\ff\ff\0f\01\60\00\00")
