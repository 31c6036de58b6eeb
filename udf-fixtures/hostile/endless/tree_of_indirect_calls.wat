;;! The same as tree_of_calls through a table: two calls in each function, which nothing but the table says where they lead.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;sql SELECT f(60)
;;error was interrupted after 300 ms (wasm.timeout_ms)
(module
  (type $f (func (param i64) (result i64)))
  (table funcref (elem $f))
  (func $f (export "f") (type $f)
    (if (i64.eqz (local.get 0)) (then (return (i64.const 1))))
    (i64.add
      (call_indirect (type $f) (i64.sub (local.get 0) (i64.const 1)) (i32.const 0))
      (call_indirect (type $f) (i64.sub (local.get 0) (i64.const 1)) (i32.const 0)))))
