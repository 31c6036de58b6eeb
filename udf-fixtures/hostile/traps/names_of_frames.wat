;;! A stack of a hundred thousand calls with long names: the report must stay short enough to be read.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error call stack exhausted
(module
  (func $a_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on
    (param i64) (result i64)
    (i64.add (call 0 (local.get 0)) (i64.const 1)))
  (func (export "f") (param $x i64) (result i64) (call 0 (local.get $x))))
