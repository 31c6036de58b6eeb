;; Plain functions over numbers, for the BASIC ABI. Most of them go wrong for one number only.
(module $numbers
  (memory (export "memory") 1)

  (func $plus (export "plus") (param $a i64) (param $b i64) (result i64)
    (i64.add (local.get $a) (local.get $b)))

  ;; x * 3, and two calls down to an unreachable for 4242: what a report shows of the way there.
  (func $fussy (export "fussy") (param $x i64) (result i64)
    (call $check_value (local.get $x))
    (i64.mul (local.get $x) (i64.const 3)))

  (func $check_value (param $x i64)
    (if (i64.eq (local.get $x) (i64.const 4242))
      (then (call $refuse_value (local.get $x)))))

  (func $refuse_value (param $x i64)
    (unreachable))

  ;; Traps for a zero divisor and for the one quotient that is out of range.
  (func $divide (export "divide") (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))

  ;; x, but never comes back for 42.
  (func $spin (export "spin") (param $x i64) (result i64)
    (if (i64.eq (local.get $x) (i64.const 42))
      (then (loop $for_ever (br $for_ever))))
    (local.get $x))

  ;; x, but calls itself without end for 42.
  (func $deep (export "deep") (param $x i64) (result i64)
    (if (i64.eq (local.get $x) (i64.const 42))
      (then (return (i64.add (call $deep (local.get $x)) (i64.const 1)))))
    (local.get $x))

  ;; x, but takes memory page by page until there is no more, and then traps, for 42.
  (func $grab (export "grab") (param $x i64) (result i64)
    (if (i64.eq (local.get $x) (i64.const 42))
      (then
        (loop $more
          (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (unreachable)))
    (local.get $x))

  ;; x, but reads what is not there for 42.
  (func $outside (export "outside") (param $x i64) (result i64)
    (if (i64.eq (local.get $x) (i64.const 42))
      (then (return (i64.load (i32.const 0xfffffff0)))))
    (local.get $x))
)
