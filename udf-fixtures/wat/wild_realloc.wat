;; A cabi_realloc that lies, for the CANONICAL ABI: each function of wild.wit would give its argument back, but the host
;; is told to put it outside of memory.
(module $wild_realloc
  (memory (export "memory") 1)

  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 0xfffffff0))

  (func $echo
    (export "echo") (export "far") (export "long") (export "wrapping")
    (export "latin") (export "nowhere") (export "crooked")
    (param $pointer i32) (param $length i32) (result i32)
    (i32.store (i32.const 32) (local.get $pointer))
    (i32.store (i32.const 36) (local.get $length))
    (i32.const 32))
)
