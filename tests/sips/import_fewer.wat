;; send with a parameter too few
(module
  (import "selkie" "send" (func (param i32 i32) (result i32)))
  (func (export "_start"))
)
