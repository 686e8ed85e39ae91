/*
 * wit_parser.h - what the three files that take an interface's text apart share: wit_token.c
 * (words), wit_note.c (notes), wit.c (the rest of the grammar).
 */
#ifndef KERNEL_WIT_PARSER_H
#define KERNEL_WIT_PARSER_H

#include "kernel/wit.h"

struct parser {
    struct wit *w;
    const char *text, *end;
    const char *p;              /* behind the current token */
    struct wit_name tok;        /* len 0: the end of the text, after an error too; or of a line */
    bool note;                  /* inside of a note of the source, which its line ends */
    bool line_end;              /* the token is that end, a ';' in the canonical text */
    bool failed;
    struct wit_source *src;     /* NULL: the text must be canonical */
};

/* Records the first error, at `at`; from then on the text is at its end. A % in `words` stands for
 * the name. */
void token_fail(struct parser *ps, const char *at, const char *words, struct wit_name name);
/* "expected WHAT, found ..." at the current token. */
void token_expected(struct parser *ps, const char *what);
/* Moves to the next token, and adds it to the canonical text. */
void token_next(struct parser *ps);
/* Adds bytes to the canonical text. */
void token_add(struct parser *ps, const char *s, size_t n);

bool token_is(const struct parser *ps, const char *s);
bool token_accept(struct parser *ps, const char *s);
void token_expect(struct parser *ps, const char *s);
/* A name of lower-case words joined by '-'; an empty one after an error. */
struct wit_name token_name(struct parser *ps);
/* A number from 1 to `most`. */
uint32_t token_number(struct parser *ps, uint32_t most, const char *what);
bool name_same(struct wit_name a, struct wit_name b);

/* What notes have said about the operation that follows. */
struct notes {
    bool event, state;
    struct wit_op op;           /* its state fields */
    struct wit_name max_of;     /* of @max; len 0: none */
    uint32_t max;
};
/* The names behind @states. */
void note_states(struct parser *ps);
/* One note in front of an operation. */
void note_read(struct parser *ps, struct notes *n);
/* Gives @max to the string or list that it names, if `list` has it. */
void note_limit(struct parser *ps, const struct wit_fields *list, struct notes *n);
/* Every state can be reached; one that cannot is a slip of the pen. */
void note_check_states(struct parser *ps);

#endif
