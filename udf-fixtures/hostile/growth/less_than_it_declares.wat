;;! Is to have less memory than it declares.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM GROW TO 65536 FROM INFILE '$M'
;;error GROW TO 65536: the module declares 131072 bytes of memory
(module
  (memory 2)
  (func (export "f") (param i64) (result i64) (local.get 0)))
