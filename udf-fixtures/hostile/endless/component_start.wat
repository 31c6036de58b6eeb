;;! A module beside the main one of a component never comes back from its start function.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error failed before its first row
;;error was interrupted after 300 ms (wasm.timeout_ms)
(component
  (core module $other (func $s (loop $l (br $l))) (start $s))
  (core module $main (func (export "f") (param i64) (result i64) (local.get 0)))
  (core instance (instantiate $other))
  (core instance $m (instantiate $main))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $m "f"))))
