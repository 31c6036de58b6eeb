;;! One function fills all its memory, another one grows as far and looks whether anything is left there.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M' USING EXPORT 'fill'
;;sql CREATE FUNCTION g(x BIGINT) RETURNS BIGINT AS WASM GROW TO 15728640 FROM INFILE '$M' USING EXPORT 'look'
;;sql SELECT sum(f(value)) FROM generate_series(1, 3)
;;sql DROP FUNCTION f
;;sql SELECT sum(g(value)) FROM generate_series(1, 3)
;;rows 0
(module
  (memory 1)
  (func (export "fill") (param i64) (result i64)
    (drop (memory.grow (i32.const 239)))
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 15728640))
    (local.get 0))
  (func (export "look") (param i64) (result i64) (local $at i32) (local $found i64)
    (drop (memory.grow (i32.const 239)))
    (loop $l
      (local.set $found (i64.or (local.get $found) (i64.load (local.get $at))))
      (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 15728640))))
    (local.get $found)))
