;;! A return area within the bytes of an argument, and a string that is the return area itself.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f('abcd'), octet_length(f('abcdefgh'))
;;rows P|8
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 80))
  (func (export "f") (param $pointer i32) (param $len i32) (result i32)
    (i32.store (local.get $pointer) (i32.const 80))
    (i32.store offset=4 (local.get $pointer)
      (select (i32.const 1) (i32.const 8) (i32.eq (local.get $len) (i32.const 4))))
    (local.get $pointer)))
