;;! Gives the same block for both strings: the second overwrites the first, within the guest.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT count(*), count(*) FILTER (WHERE s = 'bb' || value || 'bb' || value) FROM (SELECT value, f('aa' || value, 'bb' || value) AS s FROM generate_series(1, 3000))
;;rows 3000|3000
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "f") (param $a i32) (param $a_len i32) (param $b i32) (param $b_len i32) (result i32)
    (memory.copy (i32.const 2048) (local.get $a) (local.get $a_len))
    (memory.copy (i32.add (i32.const 2048) (local.get $a_len)) (local.get $b) (local.get $b_len))
    (i32.store (i32.const 8) (i32.const 2048))
    (i32.store (i32.const 12) (i32.add (local.get $a_len) (local.get $b_len)))
    (i32.const 8)))
