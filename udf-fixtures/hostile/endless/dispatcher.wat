;;! A state machine that calls its next state through a table, for ever.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (type $state (func (param i32) (result i32)))
  (table funcref (elem $one $two))
  (func $one (type $state) (i32.const 1))
  (func $two (type $state) (i32.const 0))
  (func (export "f") (param i64) (result i64) (local $s i32)
    (loop $l
      (local.set $s (call_indirect (type $state) (local.get $s) (local.get $s)))
      (br $l))
    (unreachable)))
