;;! A constant address of which the last byte is outside: what is proven of constant addresses must not go too far.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(0, 100)
;;error failed at row 50
;;error out of bounds memory access
(module
  (memory 1)
  (func (export "f") (param $x i64) (result i64)
    (if (i64.eq (local.get $x) (i64.const 50))
      (then (return (i64.extend_i32_u (i32.load (i32.const 65533))))))
    (i64.extend_i32_u (i32.load (i32.const 65532)))))
