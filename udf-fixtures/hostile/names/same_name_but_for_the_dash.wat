;;! Exports two functions whose names differ in a dash only, which SQL has no way to write: the exact one counts.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'a-b'
;;sql CREATE FUNCTION g(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'a_b'
;;sql SELECT f(0), g(0)
;;rows 1|2
(module
  (func (export "a-b") (param i64) (result i64) (i64.const 1))
  (func (export "a_b") (param i64) (result i64) (i64.const 2)))
