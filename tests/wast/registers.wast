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

;; a value that leaves its register in the inner loop, after the edge to the outer one was resolved
(module
  (func $clobber (param i32 i32 i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 1)))
  (table funcref (elem $clobber))
  (type $t (func (param i32 i32 i32 i32) (result i32)))
  (func (export "run") (param $n i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32)
      (param $e i32) (result i32)
    (local $s i32) (local $k i32)
    (loop $outer
      (local.set $s (i32.add (i32.xor (local.get $s) (local.get $a)) (i32.const 7)))
      (local.set $s (i32.add (i32.xor (local.get $s) (local.get $b)) (i32.const 8)))
      (local.set $s (i32.add (i32.xor (local.get $s) (local.get $c)) (i32.const 9)))
      (local.set $s (i32.add (i32.xor (local.get $s) (local.get $d)) (i32.const 10)))
      (local.set $s (i32.add (i32.xor (local.get $s) (local.get $e)) (i32.const 11)))
      (if (i32.eqz (local.get $n)) (then (return (local.get $s))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (local.set $k (i32.and (local.get $n) (i32.const 3)))
      (loop $inner
        (if (i32.eqz (local.get $k))
          (then (local.set $s (i32.mul (local.get $s) (i32.const 5))) (br $outer)))
        (local.set $k (i32.sub (local.get $k) (i32.const 1)))
        (local.set $s (i32.add (local.get $s)
          (call_indirect (type $t) (local.get $k) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 0))))
        (br $inner)))
    (unreachable)))
(assert_return (invoke "run" (i32.const 20) (i32.const 11) (i32.const 222) (i32.const 3333)
                             (i32.const 44444) (i32.const 555555)) (i32.const -1759880638))
