;;! Objects of the garbage collector: structs.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error gc
(module
  (type $s (struct (field (mut i64))))
  (func (export "f") (param i64) (result i64)
    (struct.get $s 0 (struct.new $s (local.get 0)))))
