;; wait with an i32 for its deadline
(module
  (import "selkie" "wait" (func (param i32 i32 i32) (result i32)))
  (func (export "_start"))
)
