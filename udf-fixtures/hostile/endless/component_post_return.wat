;;! What frees the results of a component of two modules never comes back.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(component
  (core module $other (func (export "g") (loop $l (br $l))))
  (core module $main
    (import "o" "g" (func $g))
    (memory (export "memory") 1)
    (data (i32.const 8) "\10\00\00\00\02\00\00\00ok")
    (func (export "post") (param i32) (call $g))
    (func (export "f") (param i64) (result i32) (i32.const 8)))
  (core instance $o (instantiate $other))
  (core instance $m (instantiate $main (with "o" (instance $o))))
  (alias core export $m "memory" (core memory $memory))
  (func (export "f") (param "x" s64) (result string)
    (canon lift (core func $m "f") (memory $memory) (post-return (func $m "post")))))
