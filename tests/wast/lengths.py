#!/usr/bin/env python3
"""lengths.py FOLDER - writes script lengths.wast: memory.copy and memory.fill of 0 to 130 bytes,
the length known to the compiler and not.

All distances of source and target, against a loop of bytes in the module itself; and at both ends
of the memory, where what traps must not have written a byte.
"""
import os
import sys

LENGTHS = 131
SIZE = 65536
MANY = 800

MODULE = """
(module
  (memory 1)
  (type $op (func (param i32 i32)))
  (table funcref (elem {table}))
  {functions}
  (func $copy (export "copy") (param $known i32) (param $to i32) (param $from i32) (param $n i32)
    (if (local.get $known)
      (then (call_indirect (type $op) (local.get $to) (local.get $from) (local.get $n)))
      (else (memory.copy (local.get $to) (local.get $from) (local.get $n)))))
  (func $fill (export "fill") (param $known i32) (param $to i32) (param $byte i32) (param $n i32)
    (if (local.get $known)
      (then (call_indirect (type $op) (local.get $to) (local.get $byte)
              (i32.add (local.get $n) (i32.const {lengths}))))
      (else (memory.fill (local.get $to) (local.get $byte) (local.get $n)))))

  ;; bytes 0 to 1023: a pattern, none of it 0; and the same at 1024, where the loops of bytes work
  (func $reset (local $i i32)
    (loop $l
      (i32.store8 (local.get $i) (i32.or (i32.const 1) (i32.mul (local.get $i) (i32.const 29))))
      (i32.store8 offset=1024 (local.get $i) (i32.load8_u (local.get $i)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1024)))))
  (func $same (result i32) (local $i i32)
    (loop $l
      (if (i64.ne (i64.load (local.get $i)) (i64.load offset=1024 (local.get $i)))
        (then (return (i32.const 0))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 1024))))
    (i32.const 1))
  ;; downwards if the target is above the source
  (func $move (param $to i32) (param $from i32) (param $n i32) (local $i i32) (local $k i32)
    (loop $l
      (if (i32.lt_u (local.get $i) (local.get $n))
        (then
          (local.set $k (select (i32.sub (i32.sub (local.get $n) (local.get $i)) (i32.const 1))
                                (local.get $i) (i32.gt_u (local.get $to) (local.get $from))))
          (i32.store8 offset=1024 (i32.add (local.get $to) (local.get $k))
            (i32.load8_u offset=1024 (i32.add (local.get $from) (local.get $k))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $l)))))
  (func $set (param $to i32) (param $byte i32) (param $n i32) (local $i i32)
    (loop $l
      (if (i32.lt_u (local.get $i) (local.get $n))
        (then
          (i32.store8 offset=1024 (i32.add (local.get $to) (local.get $i)) (local.get $byte))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $l)))))

  ;; copies of n bytes from 400 to all places from 400 - {lengths} to 400 + {lengths}; the first
  ;; that is wrong, or 0
  (func (export "copies") (param $known i32) (param $n i32) (result i32) (local $to i32)
    (local.set $to (i32.const {first}))
    (loop $l
      (call $reset)
      (call $copy (local.get $known) (local.get $to) (i32.const 400) (local.get $n))
      (call $move (local.get $to) (i32.const 400) (local.get $n))
      (if (i32.eqz (call $same)) (then (return (local.get $to))))
      (br_if $l (i32.le_u (local.tee $to (i32.add (local.get $to) (i32.const 1)))
                          (i32.const {last}))))
    (i32.const 0))
  (func (export "zeros") (param $n i32) (result i32) (local $to i32)
    (loop $l
      (call $reset)
      (memory.fill (local.get $to) (i32.const 0) (local.get $n))
      (call $set (local.get $to) (i32.const 0) (local.get $n))
      (if (i32.eqz (call $same)) (then (return (i32.const 0))))
      (br_if $l (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const 1)))
                          (i32.const 20))))
    (i32.const 1))
  ;; in small loops: below {many}, {stride} bytes apart
  (func (export "many copies") (param $n i32) (result i32) (local $to i32)
    (call $reset)
    (loop $l
      (memory.copy (local.get $to) (i32.add (local.get $to) (i32.const 9)) (local.get $n))
      (br_if $l (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const {stride})))
                          (i32.const {many}))))
    (local.set $to (i32.const 0))
    (loop $l
      (call $move (local.get $to) (i32.add (local.get $to) (i32.const 9)) (local.get $n))
      (br_if $l (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const {stride})))
                          (i32.const {many}))))
    (call $same))
  (func (export "many fills") (param $n i32) (result i32) (local $to i32)
    (call $reset)
    (loop $l
      (memory.fill (local.get $to) (local.get $to) (local.get $n))
      (br_if $l (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const {stride})))
                          (i32.const {many}))))
    (local.set $to (i32.const 0))
    (loop $l
      (call $set (local.get $to) (local.get $to) (local.get $n))
      (br_if $l (i32.lt_u (local.tee $to (i32.add (local.get $to) (i32.const {stride})))
                          (i32.const {many}))))
    (call $same))
  (func (export "fills") (param $known i32) (param $n i32) (param $byte i32) (result i32)
    (call $reset)
    (call $fill (local.get $known) (i32.const 33) (local.get $byte) (local.get $n))
    (call $set (i32.const 33) (local.get $byte) (local.get $n))
    (call $same))

  ;; at the ends of the memory
  (func (export "clear") (memory.fill (i32.const 0) (i32.const 7) (i32.const {size})))
  (func (export "changed") (result i32) (local $i i32) (local $n i32)
    (loop $l
      (local.set $n (i32.add (local.get $n)
        (i32.ne (i32.load8_u (local.get $i)) (i32.const 7))))
      (local.set $n (i32.add (local.get $n)
        (i32.ne (i32.load8_u offset={tail} (local.get $i)) (i32.const 7))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 512))))
    (local.get $n))
)
"""


def invoke(name, *args):
    return f'(invoke "{name}"' + "".join(f" (i32.const {a})" for a in args) + ")"


def traps(known, n):
    """Copies and fills of n bytes that begin inside and end outside, or begin outside."""
    over = SIZE - n + 1
    for at in sorted({over, SIZE - 1 if n > 1 else SIZE + 1, SIZE + 1, 2**32 - max(n, 1)}):
        for what in (invoke("copy", known, at, 100, n), invoke("copy", known, 100, at, n),
                     invoke("fill", known, at, 9, n)):
            yield f'(assert_trap {what} "out of bounds memory access")'


def script():
    functions = [f"(func ${k}{n} (type $op)"
                 f" (memory.{op} (local.get 0) (local.get 1) (i32.const {n})))"
                 for k, op in (("c", "copy"), ("f", "fill")) for n in range(LENGTHS)]
    table = " ".join(f"${k}{n}" for k in "cf" for n in range(LENGTHS))
    yield MODULE.format(table=table, functions="\n  ".join(functions), lengths=LENGTHS, size=SIZE,
                        first=400 - LENGTHS, last=400 + LENGTHS, tail=SIZE - 512, stride=67,
                        many=MANY)
    for known in (0, 1):
        for n in range(LENGTHS):
            yield f"(assert_return {invoke('copies', known, n)} (i32.const 0))"
            yield f"(assert_return {invoke('fills', known, n, 0x1a5 + n)} (i32.const 1))"
    for n in range(LENGTHS):
        for name in ("zeros", "many copies", "many fills"):
            yield f"(assert_return {invoke(name, n)} (i32.const 1))"
    yield invoke("clear")
    for known in (0, 1):
        for n in range(LENGTHS):
            yield from traps(known, n)
        yield f"(assert_return {invoke('changed')} (i32.const 0))"
        for n in range(LENGTHS):            # up to the very end
            yield f"(assert_return {invoke('copy', known, SIZE - n, SIZE - n - 1, n)})"
            yield f"(assert_return {invoke('fill', known, SIZE - n, 7, n)})"
        yield f"(assert_return {invoke('changed')} (i32.const 0))"


def main():
    with open(os.path.join(sys.argv[1], "lengths.wast"), "w") as f:
        f.write("\n".join(script()) + "\n")


main()
