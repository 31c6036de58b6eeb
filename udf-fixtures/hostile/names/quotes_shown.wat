;;! The same in SHOW CREATE FUNCTION: the statement that is shown must be the one that was given.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'a''; DROP FUNCTION shout; --"\'
;;sql SHOW CREATE FUNCTION f
;;rows f|CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'a''; DROP FUNCTION shout; --"\'
(module
  (func (export "a'; DROP FUNCTION shout; --\"\\") (param i64) (result i64) (i64.const 6)))
