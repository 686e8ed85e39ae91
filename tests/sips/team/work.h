/*
 * work.h - what the threads of team.c do.
 */
#ifndef TEAM_WORK_H
#define TEAM_WORK_H

#include "sips/thread.h"

#define WORK_ROUNDS 1000u

void work(void *number);        /* adds it WORK_ROUNDS times */
uint32_t work_sum(void);

#endif
