;;! Takes a float, where SQL says that it takes an integer of as many bits.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error the export f is a core function (f64) -> (i64)
(module
  (func (export "f") (param f64) (result i64) (i64.reinterpret_f64 (local.get 0))))
