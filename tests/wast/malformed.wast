;; Binaries that are none: each is refused with the specification's words, at any cut.
(assert_malformed (module binary "") "unexpected end")
(assert_malformed (module binary "\00as") "unexpected end")
(assert_malformed (module binary "msa\00\01\00\00\00") "magic header not detected")
(assert_malformed (module binary "\00asm\01\00\00") "unexpected end")
(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")
(assert_malformed (module binary "\00asm\01\00\00\00" "\7f\00") "malformed section id")
;; a section longer than the file, shorter than its content, twice
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\05\01\60\00\00") "length out of bounds")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\03\01\60\00\00") "section size mismatch")
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\01\00" "\01\01\00")
  "unexpected content after last section")
;; LEB128: too long, bits beyond the width
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\87\80\80\80\80\00\01\60\00\00")
  "integer representation too long")
(assert_malformed (module binary "\00asm\01\00\00\00" "\03\06\01\82\80\80\80\70" "\00\00")
  "integer too large")
;; names are UTF-8
(assert_malformed (module binary "\00asm\01\00\00\00" "\00\02\01\ff") "malformed UTF-8 encoding")
(assert_malformed
  (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\02\07\01\01\80\01a\00\00")
  "malformed UTF-8 encoding")
;; functions without code, code without functions, code that does not end
(assert_malformed (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00")
  "function and code section have inconsistent lengths")
(assert_malformed
  (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\04\01\02\00\01")
  "unexpected end")
(assert_malformed
  (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\ff\0b")
  "illegal opcode")
;; 4 billion locals
(assert_malformed
  (module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00"
    "\0a\10\01\0e\02\ff\ff\ff\ff\0f\7f\02\7e\0b\0b\0b\0b\0b")
  "too many locals")
;; a valid one, by its bytes, with overlong but allowed LEB128
(module binary "\00asm\01\00\00\00" "\01\85\80\80\80\00\01\60\00\01\7f" "\03\02\01\00"
  "\07\05\01\01f\00\00" "\0a\06\01\04\00\41\2a\0b" "\00\03\01xy")
(assert_return (invoke "f") (i32.const 42))
