;; Wrong code that the register allocator once made.

(module (global $g (mut i32) (i32.const 2))
 (func $id (param f32) (result f32) local.get 0)
 (func (export "f") (param f32) (result f32)
  (local.set 0 (call $id (local.get 0)))
  (loop $l
    (if (i32.eqz (global.get $g)) (then (return (local.get 0))))
    (global.set $g (i32.sub (global.get $g) (i32.const 1)))
    (drop (call $id (f32.const 99)))
    (br $l))
  unreachable))
(assert_return (invoke "f" (f32.const 5)) (f32.const 5))
