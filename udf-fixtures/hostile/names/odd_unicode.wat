;;! Names with right-to-left marks, combining characters, emoji of several code points and a byte order mark.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT '\u{1f469}\u{200d}\u{1f467}e\u{30a}\u{202e}txt.exe\u{202c}'
;;sql CREATE FUNCTION g(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT '\u{feff}f'
;;sql SELECT f(1), g(1)
;;rows 2|3
(module
  (func (export "\u{1f469}\u{200d}\u{1f467}e\u{30a}\u{202e}txt.exe\u{202c}") (param i64) (result i64) (i64.const 2))
  (func (export "\u{feff}f") (param i64) (result i64) (i64.const 3))
  (func (export "f") (param i64) (result i64) (i64.const 4)))
