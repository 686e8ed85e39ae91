;; What generated modules import, for engines that have the module "spectest" only.
(module
  (import "spectest" "print_i32" (func $i32 (param i32)))
  (import "spectest" "print_f32" (func $f32 (param f32)))
  (import "spectest" "print_f64" (func $f64 (param f64)))
  (import "spectest" "print_i64" (func $i64 (param i64)))
  (func (export "log-i32") (param i32) (call $i32 (local.get 0)))
  (func (export "log-i64") (param i64) (call $i64 (local.get 0)))
  (func (export "log-f32") (param f32) (call $f32 (local.get 0)))
  (func (export "log-f64") (param f64) (call $f64 (local.get 0)))
  (func (export "mix") (param i32 i64) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 31)) (i32.wrap_i64 (local.get 1))))
  (func (export "end")))
