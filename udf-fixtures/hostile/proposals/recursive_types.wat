;;! Types that refer to each other.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error gc
(module
  (rec (type $a (func (param (ref null $b)))) (type $b (func (param (ref null $a)))))
  (func (export "f") (param i64) (result i64) (local.get 0)))
