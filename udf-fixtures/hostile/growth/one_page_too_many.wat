;;! Declares one page more than a sandbox may have.
;;sql CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$M'
;;error it declares 67174400 bytes of memory; at most 67108864 are allowed (wasm.max_linear_memory_size)
(module
  (memory 1025)
  (func (export "f") (param i64) (result i64) (local.get 0)))
