;; writes to its second memory for ever
(module
  (import "selkie" "yield" (func $yield (result i32)))
  (memory $a 1)
  (memory $b 1)
  (func (export "_start")
    (loop $again
      (i32.store $b (i32.const 8) (call $yield))
      (br $again))))
