/* setjmp.h - included by lua, not used by it: build.sh defines how errors end. */
