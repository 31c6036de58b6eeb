;; String functions that lie, for the CANONICAL ABI: see wild.wit.
(module $wild
  (memory (export "memory") 2)
  (data (i32.const 64) "caf\e9")          ;; "café" in Latin-1

  ;; Where cabi_realloc takes from. It starts again when a call is over, for nothing outlives a call.
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

  (func $echo (export "echo") (param $pointer i32) (param $length i32) (result i32)
    (call $give (local.get $pointer) (local.get $length)))

  (func $far (export "far") (param $pointer i32) (param $length i32) (result i32)
    (call $give (i32.const 0x7fff0000) (i32.const 16)))

  (func $long (export "long") (param $pointer i32) (param $length i32) (result i32)
    (call $give (i32.const 64) (i32.const 0x7fffffff)))

  (func $wrapping (export "wrapping") (param $pointer i32) (param $length i32) (result i32)
    (call $give (i32.const 0xfffffff0) (i32.const 32)))

  (func $latin (export "latin") (param $pointer i32) (param $length i32) (result i32)
    (call $give (i32.const 64) (i32.const 4)))

  (func $nowhere (export "nowhere") (param $pointer i32) (param $length i32) (result i32)
    (i32.const 0xfffffff8))

  (func $crooked (export "crooked") (param $pointer i32) (param $length i32) (result i32)
    (i32.store (i32.const 33) (local.get $pointer))
    (i32.store (i32.const 37) (local.get $length))
    (i32.const 33))

  (func $post
    (export "cabi_post_echo") (export "cabi_post_far") (export "cabi_post_long") (export "cabi_post_wrapping")
    (export "cabi_post_latin") (export "cabi_post_nowhere") (export "cabi_post_crooked")
    (param $result i32)
    (global.set $fresh (i32.const 1024)))
)
