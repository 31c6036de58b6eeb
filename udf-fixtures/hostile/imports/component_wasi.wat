;;! A component that opens a file by way of WASI 0.2: no folder is open.
;;sql CREATE FUNCTION f AS WASM FROM INFILE '$M'
;;sql SELECT f(1)
;;rows 0
(component
  (import "wasi:filesystem/types@0.2.0" (instance $types (export "descriptor" (type (sub resource)))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $descriptor'))
    (export "descriptor" (type $d (eq $descriptor')))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  (core module $libc
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $libc (instantiate $libc))
  (alias export $preopens "get-directories" (func $directories))
  (core func $directories' (canon lower (func $directories)
    (memory $libc "memory") (realloc (func $libc "cabi_realloc"))))
  (core module $m
    (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "f") (param i64) (result i64)
      (i64.store (i32.const 8) (i64.const -1))
      (call $directories (i32.const 8))
      (i64.extend_i32_u (i32.load (i32.const 12)))))
  (core instance $i (instantiate $m
    (with "wasi:filesystem/preopens@0.2.0" (instance (export "get-directories" (func $directories'))))))
  (func (export "f") (param "x" s64) (result s64) (canon lift (core func $i "f"))))
