;; Register allocation: what the fuzzers of tests/fuzz found, made small.

;; A loop exit returns a value straight from the register that the header promises, then a call in the
;; loop takes that register: the promise must stand.
(module
  (global $fuel (mut i32) (i32.const 3))
  (func $same (param f64) (result f64) (local.get 0))
  (func (export "exit") (param i32) (result f64)
    (local $v f64)
    (local.set $v (call $same (f64.convert_i32_s (local.get 0))))
    (loop $l
      (if (i32.eqz (global.get $fuel)) (then (return (local.get $v))))
      (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
      (drop (call $same (f64.const 7)))
      (br $l))
    (unreachable))
)
(assert_return (invoke "exit" (i32.const 42)) (f64.const 42))

;; A 32-bit selection on a float comparison keeps its first operand as it is: its upper half must not
;; be that of the 64-bit number it was cut from.
(module
  (memory 1)
  (func (export "cut") (param i64 i32 f64) (result i64)
    (i64.extend_i32_u
      (select (local.get 1) (i32.wrap_i64 (local.get 0)) (f64.eq (local.get 2) (f64.const 1)))))
  (func (export "cut-add") (param i64 i32 f64) (result i64)
    (i64.add (i64.const 1) (i64.extend_i32_u
      (select (local.get 1) (i32.wrap_i64 (local.get 0)) (f64.eq (local.get 2) (f64.const 1))))))
  (func (export "cut-load") (param i64 i32 f64) (result i32)
    (i32.load
      (select (local.get 1) (i32.wrap_i64 (local.get 0)) (f64.eq (local.get 2) (f64.const 1)))))
  (func (export "cut-ne") (param i64 i32 f64) (result i64)
    (i64.extend_i32_u
      (select (local.get 1) (i32.wrap_i64 (local.get 0)) (f64.ne (local.get 2) (f64.const 1)))))
)
(assert_return (invoke "cut" (i64.const 0x1234567887654321) (i32.const 5) (f64.const 2)) (i64.const 0x87654321))
(assert_return (invoke "cut" (i64.const 0x1234567887654321) (i32.const 5) (f64.const 1)) (i64.const 5))
(assert_return (invoke "cut-add" (i64.const 0x1234567887654321) (i32.const 5) (f64.const 2)) (i64.const 0x87654322))
(assert_return (invoke "cut-load" (i64.const 0x1000000000008) (i32.const 5) (f64.const 2)) (i32.const 0))
(assert_return (invoke "cut-ne" (i64.const 0x1234567887654321) (i32.const 5) (f64.const 1)) (i64.const 0x87654321))

;; Variables that change places on a back edge, more than there are registers.
(module
  (func (export "rotate") (param i32) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local.set 1 (i64.const 1)) (local.set 2 (i64.const 2)) (local.set 3 (i64.const 3))
    (local.set 4 (i64.const 4)) (local.set 5 (i64.const 5)) (local.set 6 (i64.const 6))
    (local.set 7 (i64.const 7)) (local.set 8 (i64.const 8)) (local.set 9 (i64.const 9))
    (local.set 10 (i64.const 10)) (local.set 11 (i64.const 11)) (local.set 12 (i64.const 12))
    (local.set 13 (i64.const 13)) (local.set 14 (i64.const 14)) (local.set 15 (i64.const 15))
    (local.set 16 (i64.const 16)) (local.set 17 (i64.const 17)) (local.set 18 (i64.const 18))
    (local.set 19 (i64.const 19)) (local.set 20 (i64.const 20))
    (loop
      (local.set 21 (local.get 1))
      (local.set 1 (local.get 2)) (local.set 2 (local.get 3)) (local.set 3 (local.get 4))
      (local.set 4 (local.get 5)) (local.set 5 (local.get 6)) (local.set 6 (local.get 7))
      (local.set 7 (local.get 8)) (local.set 8 (local.get 9)) (local.set 9 (local.get 10))
      (local.set 10 (local.get 11)) (local.set 11 (local.get 12)) (local.set 12 (local.get 13))
      (local.set 13 (local.get 14)) (local.set 14 (local.get 15)) (local.set 15 (local.get 16))
      (local.set 16 (local.get 17)) (local.set 17 (local.get 18)) (local.set 18 (local.get 19))
      (local.set 19 (local.get 20)) (local.set 20 (local.get 21))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i64.add (i64.mul (local.get 1) (i64.const 10000))
      (i64.add (i64.mul (local.get 7) (i64.const 100)) (local.get 20))))
)
(assert_return (invoke "rotate" (i32.const 1)) (i64.const 20801))
(assert_return (invoke "rotate" (i32.const 13)) (i64.const 142013))
(assert_return (invoke "rotate" (i32.const 20)) (i64.const 10720))

;; A shuffle of one vector that is done by an instruction with two operands: both are that vector, which
;; is in memory, and is loaded.
(module
  (memory 1)
  (data (i32.const 0) "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f")
  (func (export "turn") (param i32) (result i64)
    (i64x2.extract_lane 0
      (i8x16.shuffle 14 15 0 1 2 3 4 5 6 7 8 9 10 11 12 13
        (v128.load (local.get 0)) (i8x16.splat (local.get 0)))))
  (func (export "twice") (param i32) (result i64)
    (i64x2.extract_lane 1
      (i8x16.shuffle 8 8 9 9 10 10 11 11 12 12 13 13 14 14 15 15
        (v128.load (local.get 0)) (i8x16.splat (local.get 0)))))
)
(assert_return (invoke "turn" (i32.const 0)) (i64.const 0x0504030201000f0e))
(assert_return (invoke "twice" (i32.const 0)) (i64.const 0x0f0f0e0e0d0d0c0c))
