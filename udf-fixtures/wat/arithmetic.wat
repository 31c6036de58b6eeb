;; Straight-line arithmetic, which kernels do.
(module
  ;; 0.5 x^4 - 1.5 x^3 + 2 x^2 - x + 0.25
  (func $polynomial (export "polynomial") (param $x f32) (result f32)
    (f32.add (f32.mul (f32.sub (f32.mul (f32.add (f32.mul (f32.sub (f32.mul
      (f32.const 0.5) (local.get $x)) (f32.const 1.5)) (local.get $x)) (f32.const 2))
      (local.get $x)) (f32.const 1)) (local.get $x)) (f32.const 0.25)))

  ;; The same, but a call is more than arithmetic.
  (func (export "polynomial_by_call") (param $x f32) (result f32)
    (call $polynomial (local.get $x))))
