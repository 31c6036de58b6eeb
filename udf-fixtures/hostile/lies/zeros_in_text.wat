;;! Text of NUL, newline and a character that is none: all of that is UTF-8, and goes through as it is.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT encode(f(1)::BYTEA, 'hex')
;;rows 000aefbfbf7f
(module
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\06\00\00\00\00\0a\ef\bf\bf\7f")
  (func (export "f") (param i64) (result i32) (i32.const 8)))
