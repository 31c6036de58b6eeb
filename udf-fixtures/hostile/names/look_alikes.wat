;;! Names that look the same: Latin and Cyrillic letters, composed and decomposed ones.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT '\u{430}'
;;sql CREATE FUNCTION g(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'e\u{301}'
;;sql SELECT f(0), g(0)
;;rows 2|4
(module
  (func (export "a") (param i64) (result i64) (i64.const 1))
  (func (export "\u{430}") (param i64) (result i64) (i64.const 2))
  (func (export "\u{e9}") (param i64) (result i64) (i64.const 3))
  (func (export "e\u{301}") (param i64) (result i64) (i64.const 4)))
