;;! A data count section that announces two segments, where there is one.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error data count
(module binary
  "\00asm\01\00\00\00"
  "\01\06\01\60\01\7e\01\7e"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\07\05\01\01f\00\00"
  "\0c\01\02"
  "\0a\06\01\04\00\20\00\0b"
  "\0b\07\01\00\41\00\0b\01a")
