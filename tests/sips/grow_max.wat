;; a memory of one page that may have three: grown to them and not further; the status says what failed,
;; and the last access is beyond it
(module
  (import "selkie" "exit" (func $exit (param i32)))
  (memory 1 3)
  (func $expect (param $ok i32) (param $line i32)
    (if (i32.eqz (local.get $ok)) (then (call $exit (local.get $line)))))
  (func (export "_start")
    (call $expect (i32.eq (memory.grow (i32.const 3)) (i32.const -1)) (i32.const 1))
    (call $expect (i32.eq (memory.grow (i32.const -1)) (i32.const -1)) (i32.const 2))
    (call $expect (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (i32.const 3))
    (call $expect (i32.eq (memory.grow (i32.const 2)) (i32.const 1)) (i32.const 4))
    (call $expect (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (i32.const 5))
    (call $expect (i32.eq (memory.size) (i32.const 3)) (i32.const 6))
    (i32.store8 (i32.const 0x2ffff) (i32.const 7))
    (call $expect (i32.eq (i32.load8_u (i32.const 0x2ffff)) (i32.const 7)) (i32.const 7))
    (i32.store8 (i32.const 0x30000) (i32.const 7))))
