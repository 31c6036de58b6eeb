;;! Addresses that fit no alignment, with the promise that they do: this is slow on some machines, and right on all.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(0, 3)
;;rows 578437695752307201
;;rows 650777868590383874
;;rows 723118041428460547
;;rows 795458214266537220
(module
  (memory 1)
  (data (i32.const 0) "\01\02\03\04\05\06\07\08\09\0a\0b")
  (func (export "f") (param $x i64) (result i64)
    (i64.load align=8 (i32.wrap_i64 (local.get $x)))))
