;;! A name of no characters, which only USING EXPORT can give.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT ''
;;sql SELECT f(1), export = '' FROM wasm_functions WHERE name = 'f'
;;rows 5|true
(module
  (func (export "") (param i64) (result i64) (i64.const 5)))
