/*
 * hostile.c - hostile.h as a client of `ping` and of the kernel's store.
 */
#include "sips/thread.h"
#include "tests/sips/hostile.h"
#include "iface/kernel_store.h"
#include "iface/ping.h"

USE(IFACE_PING, PING, 2);
USE_NOW(IFACE_KERNEL_STORE, STORE, 3);
CHANNEL_OF(IFACE_KERNEL_STORE, STORES, 4);
