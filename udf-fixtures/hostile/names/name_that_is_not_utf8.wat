;;! An export whose name is not UTF-8.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error malformed UTF-8 encoding
(module binary
  "\00asm\01\00\00\00"
  "\01\06\01\60\01\7e\01\7e"
  "\03\02\01\00"
  "\07\05\01\01\ff\00\00"
  "\0a\06\01\04\00\20\00\0b")
