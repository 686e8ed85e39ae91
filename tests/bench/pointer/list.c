/* list.c - linked lists: merge sort by relinking, reversal, sums along the list. */
#include "../bench.h"

enum { N = 4096 };

struct item { struct item *next; uint32_t key; };

static struct item items[N];

static struct item *merge(struct item *a, struct item *b)
{
    struct item head, *tail = &head;

    while (a && b)
        if (a->key <= b->key) {
            tail->next = a;
            tail = a;
            a = a->next;
        } else {
            tail->next = b;
            tail = b;
            b = b->next;
        }
    tail->next = a ? a : b;
    return head.next;
}

static NOINLINE struct item *sort(struct item *l)
{
    struct item *slow = l, *fast = l->next, *half;

    if (!fast)
        return l;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    half = slow->next;
    slow->next = NULL;
    return merge(sort(l), sort(half));
}

static NOINLINE struct item *reverse(struct item *l)
{
    struct item *r = NULL;

    while (l) {
        struct item *next = l->next;
        l->next = r;
        r = l;
        l = next;
    }
    return r;
}

static NOINLINE uint32_t sum(const struct item *l)
{
    uint32_t h = 0;

    for (; l; l = l->next)
        h = h * 3 + l->key;
    return h;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, s = 11;

    for (uint32_t t = 0; t < n; t++) {
        for (int i = 0; i < N; i++) {
            items[i].next = i + 1 < N ? &items[i + 1] : NULL;
            items[i].key = rnd(&s);
        }
        struct item *l = sort(items);
        h = mix(h, sum(l));
        for (int i = 0; i < 8; i++)
            l = reverse(l);
        h = mix(h, sum(l));
    }
    return h;
}
