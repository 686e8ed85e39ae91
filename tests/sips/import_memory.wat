;; a memory, which the kernel never gives
(module
  (import "selkie" "memory" (memory 1))
  (func (export "_start"))
)
