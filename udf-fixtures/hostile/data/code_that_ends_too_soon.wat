;;! A code section with fewer bodies than there are functions.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error function and code section
(module binary
  "\00asm\01\00\00\00"
  "\01\06\01\60\01\7e\01\7e"
  "\03\03\02\00\00"
  "\07\05\01\01f\00\00"
  "\0a\06\01\04\00\20\00\0b")
