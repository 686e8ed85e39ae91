/*
 * list.h - intrusive doubly linked rings. A node that is in no list points to itself, so taking it
 * out twice is harmless.
 */
#ifndef KERNEL_LIST_H
#define KERNEL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include "kernel/glance.h"

#define container_of(p, type, field) ((type *)((char *)(p) - offsetof(type, field)))

struct link { struct link *next, *prev; };

static inline void list_init(struct link *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct link *l) { return l->next == l; }
/* The same for who does not hold the lock of the ring. */
static inline bool list_looks_empty(const struct link *l) { return guess(l->next) == l; }

static inline void list_insert(struct link *before, struct link *n)
{
    n->next = before;
    n->prev = before->prev;
    before->prev->next = n;
    before->prev = n;
}
/* At the tail and at the head of ring `l`. */
static inline void list_push(struct link *l, struct link *n) { list_insert(l, n); }
static inline void list_push_head(struct link *l, struct link *n) { list_insert(l->next, n); }

static inline void list_del(struct link *n)
{
    struct link *before = n->prev, *after = n->next;

    before->next = after;
    after->prev = before;
    list_init(n);
}

/* The same for nodes that are in no list if `next` is NULL. */
static inline void list_cut(struct link *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->next = NULL;
}

/* Of the first one, which there is. */
static inline void list_cut_first(struct link *l)
{
    struct link *n = l->next, *then = n->next;

    l->next = then;
    then->prev = l;
    n->next = NULL;
}

static inline struct link *list_first(struct link *l) { return l->next == l ? NULL : l->next; }

/* Takes the first one out; NULL if there is none. */
static inline struct link *list_pop(struct link *l)
{
    struct link *n = l->next;

    if (n == l)
        return NULL;
    list_del(n);
    return n;
}

#endif
