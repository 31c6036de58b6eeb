;; List functions that lie, for the CANONICAL ABI: see wild_lists.wit.
(module $wild_lists
  (memory (export "memory") 2)
  (data (i32.const 64) "caf\e9")          ;; "café" in Latin-1
  (data (i32.const 80)                    ;; a string far outside of memory
    "\00\00\ff\7f" "\10\00\00\00")
  (data (i32.const 88)                    ;; the string at 64
    "\40\00\00\00" "\04\00\00\00")
  (data (i32.const 96)                    ;; an option
    "\07\00\00\00" "\2a\00\00\00")
  (data (i32.const 104)                   ;; two rows: 1 and "caf", 2 and a string far outside of memory
    "\01\00\00\00" "\40\00\00\00" "\03\00\00\00"
    "\02\00\00\00" "\00\00\ff\7f" "\10\00\00\00")

  ;; Where cabi_realloc takes from. It starts again when a call of `honest` is over, for nothing outlives a call.
  (global $fresh (mut i32) (i32.const 1024))

  ;; Grows memory as far as it must.
  (func $realloc (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $result i32) (local $end i32)
    (local.set $result
      (i32.and
        (i32.add (global.get $fresh) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (local.set $end (i32.add (local.get $result) (local.get $size)))
    (if (i32.lt_u (local.get $end) (local.get $result))
      (then (unreachable)))
    (block $enough
      (loop $more
        (br_if $enough
          (i64.le_u
            (i64.extend_i32_u (local.get $end))
            (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
        (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
        (unreachable)))
    (memory.copy (local.get $result) (local.get $old) (local.get $old_size))
    (global.set $fresh (local.get $end))
    (local.get $result))

  ;; Writes a pair of pointer and length to address 32 and returns that address.
  (func $give (param $pointer i32) (param $length i32) (result i32)
    (i32.store (i32.const 32) (local.get $pointer))
    (i32.store (i32.const 36) (local.get $length))
    (i32.const 32))

  (func $honest (export "honest") (param $n i32) (result i32)
    (local $items i32) (local $i i32)
    (if (i32.le_s (local.get $n) (i32.const 0))
      (then (return (call $give (i32.const 8) (i32.const 0)))))
    (if (i32.gt_u (local.get $n) (i32.const 0x0fffffff))
      (then (unreachable)))
    (local.set $items
      (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.shl (local.get $n) (i32.const 3))))
    (loop $more
      (i64.store
        (i32.add (local.get $items) (i32.shl (local.get $i) (i32.const 3)))
        (i64.extend_i32_u (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (local.get $n))))
    (call $give (local.get $items) (local.get $n)))

  (func $far (export "far") (param $n i32) (result i32)
    (call $give (i32.const 0x7fff0000) (i32.const 16)))

  (func $huge (export "huge") (param $n i32) (result i32)
    (call $give (i32.const 64) (i32.const 0xffffffff)))

  (func $crooked (export "crooked") (param $n i32) (result i32)
    (call $give (i32.const 65) (i32.const 2)))

  (func $wrapping (export "wrapping") (param $n i32) (result i32)
    (call $give (i32.const 0xfffffff0) (i32.const 4)))

  (func $folded (export "folded") (param $n i32) (result i32)
    (call $give (i32.const 64) (i32.const 0x20000001)))

  (func $bad_string (export "bad-string") (param $n i32) (result i32)
    (call $give (i32.const 80) (i32.const 1)))

  (func $latin (export "latin") (param $n i32) (result i32)
    (call $give (i32.const 88) (i32.const 1)))

  (func $bad_option (export "bad-option") (param $n i32) (result i32)
    (call $give (i32.const 96) (i32.const 1)))

  (func $bad_row (export "bad-row") (param $n i32) (result i32)
    (call $give (i32.const 104) (i32.const 2)))

  ;; The others return what was there from the start.
  (func $post (export "cabi_post_honest") (param $result i32)
    (global.set $fresh (i32.const 1024)))
)
