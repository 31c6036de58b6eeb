;;! A name with quotes, a backslash and a comment of SQL in it: nothing in it is SQL.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'a''; DROP FUNCTION shout; --"\'
;;sql SELECT f(1), export FROM wasm_functions WHERE name = 'f'
;;rows 6|a'; DROP FUNCTION shout; --"\
(module
  (func (export "a'; DROP FUNCTION shout; --\"\\") (param i64) (result i64) (i64.const 6)))
