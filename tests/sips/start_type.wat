;; an entry of another type
(module
  (func (export "_start") (param i32))
)
