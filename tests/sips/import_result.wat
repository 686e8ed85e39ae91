;; exit with a result
(module
  (import "selkie" "exit" (func (param i32) (result i32)))
  (func (export "_start"))
)
