;;! Two type sections.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error section out of order
(module binary
  "\00asm\01\00\00\00"
  "\01\06\01\60\01\7e\01\7e"
  "\01\06\01\60\01\7e\01\7e")
