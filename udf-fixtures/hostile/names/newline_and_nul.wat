;;! Names with a newline and a NUL; what comes after that counts, too.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'a\u{a}b'
;;sql CREATE FUNCTION g(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'a\u{0}c'
;;sql SELECT f(1), g(1)
;;rows 2|4
(module
  (func (export "a") (param i64) (result i64) (i64.const 1))
  (func (export "a\nb") (param i64) (result i64) (i64.const 2))
  (func (export "a\00b") (param i64) (result i64) (i64.const 3))
  (func (export "a\00c") (param i64) (result i64) (i64.const 4)))
