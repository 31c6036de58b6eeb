;; Numbers of 64 bits, for the BASIC ABI.
(module
  (func (export "plus") (param $a i64) (param $b i64) (result i64)
    (i64.add (local.get $a) (local.get $b)))
  ;; Traps on zero.
  (func (export "divide") (param $a i64) (param $b i64) (result i64)
    (i64.div_s (local.get $a) (local.get $b))))
