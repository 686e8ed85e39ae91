;; a global by the name of a system call
(module
  (import "selkie" "clock" (global i64))
  (func (export "_start"))
)
