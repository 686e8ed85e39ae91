;; a system call that there is not
(module
  (import "selkie" "fork" (func (result i32)))
  (func (export "_start"))
)
