;; nothing to begin with
(module
  (func (export "start"))
)
