;;! Objects of the garbage collector: arrays, of a length that is asked for.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error gc
(module
  (type $a (array (mut i64)))
  (func (export "f") (param i64) (result i64)
    (array.get $a (array.new_default $a (i32.const 0x7fffffff)) (i32.const 0))))
