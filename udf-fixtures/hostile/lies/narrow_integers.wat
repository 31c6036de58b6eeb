;;! Small integers with rubbish in the bits above them: the ABI cuts these off.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M' WITH WIT FROM INFILE '$W'
;;sql SELECT f(511), f(-129), f(128), f(0)
;;rows -1|127|-128|0
(module
  (func (export "f") (param i32) (result i32) (local.get 0)))
