;;! A component of two modules, which is called from outside row by row, and never comes back.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(value) FROM generate_series(1, 10)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(component
  (core module $other (func (export "g") (result i64) (loop $l (br $l)) (unreachable)))
  (core module $main
    (import "o" "g" (func $g (result i64)))
    (func (export "f") (param i64) (result i64) (call $g)))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
