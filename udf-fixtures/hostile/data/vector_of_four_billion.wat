;;! A type section that says that it has four billion types: no room may be made for them.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error types count exceeds limit
(module binary
  "\00asm\01\00\00\00"
  "\01\06\ff\ff\ff\ff\0f\60")
