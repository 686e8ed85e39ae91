;; globals of one instance are its own: counts from 0 to the 1000 that each of many at once must reach
(module
  (import "selkie" "exit" (func $exit (param i32)))
  (import "selkie" "yield" (func $yield (result i32)))
  (global $n (mut i32) (i32.const 0))
  (func (export "_start")
    (loop $again
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (drop (call $yield))
      (br_if $again (i32.lt_u (global.get $n) (i32.const 1000))))
    (call $exit (i32.and (global.get $n) (i32.const 255)))))
