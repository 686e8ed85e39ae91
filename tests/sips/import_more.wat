;; close with a parameter too many
(module
  (import "selkie" "close" (func (param i32 i32) (result i32)))
  (func (export "_start"))
)
