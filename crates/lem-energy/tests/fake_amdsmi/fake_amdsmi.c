/* Stands in for AMD's management library in tests: the same functions, boards whose energy follows from their power.
 *
 * Set while compiling:
 *   BOARDS       number of boards, at 0000:03:00.0, 0000:04:00.0, ...
 *   POWER_W      power of each
 *   FACTOR       what the counter counts for each joule; 1 is right
 *   INIT_STATUS  what starting gives; 0 is success
 *   PARTITIONS   processors that each board shows, which share its counter
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef BOARDS
#define BOARDS 1
#endif
#ifndef POWER_W
#define POWER_W 100
#endif
#ifndef FACTOR
#define FACTOR 1.0
#endif
#ifndef INIT_STATUS
#define INIT_STATUS 0
#endif
#ifndef PARTITIONS
#define PARTITIONS 1
#endif

/* The step that AMD's boards count in, in microjoules. */
#define STEP_UJ 15.259f

enum { SUCCESS = 0, INVALID = 1, NOT_INITIALISED = 32 };

static int running;

uint32_t amdsmi_init(uint64_t flags) {
    if (flags != 2) return INVALID;
    if (INIT_STATUS) return INIT_STATUS;
    running = 1;
    return SUCCESS;
}

uint32_t amdsmi_shut_down(void) {
    running = 0;
    return SUCCESS;
}

uint32_t amdsmi_get_socket_handles(uint32_t *count, void **sockets) {
    if (!running) return NOT_INITIALISED;
    for (uint32_t i = 0; sockets && i < BOARDS && i < *count; i++) sockets[i] = (void *)(uintptr_t)(0x100 + i);
    *count = BOARDS;
    return SUCCESS;
}

uint32_t amdsmi_get_processor_handles(void *socket, uint32_t *count, void **processors) {
    uintptr_t board = (uintptr_t)socket - 0x100;
    if (!running) return NOT_INITIALISED;
    if (board >= BOARDS) return INVALID;
    for (uint32_t i = 0; processors && i < PARTITIONS && i < *count; i++)
        processors[i] = (void *)(0x1000 + board * 16 + i);
    *count = PARTITIONS;
    return SUCCESS;
}

static int valid(void *processor) {
    uintptr_t number = (uintptr_t)processor - 0x1000;
    return running && number / 16 < BOARDS && number % 16 < PARTITIONS;
}

uint32_t amdsmi_get_gpu_bdf_id(void *processor, uint64_t *place) {
    uintptr_t number = (uintptr_t)processor - 0x1000;
    if (!valid(processor)) return INVALID;
    *place = (uint64_t)(number % 16) << 28 | (uint64_t)(3 + number / 16) << 8;
    return SUCCESS;
}

uint32_t amdsmi_get_gpu_device_uuid(void *processor, unsigned int *length, char *uuid) {
    if (!valid(processor) || *length < 38) return INVALID;
    snprintf(uuid, *length, "c4ff74a1-0000-1000-80aa-bbccddee%04x", (unsigned)((uintptr_t)processor & 0xffff));
    return SUCCESS;
}

uint32_t amdsmi_get_gpu_asic_info(void *processor, void *info) {
    if (!valid(processor)) return INVALID;
    memset(info, 0xff, 640);
    strcpy(info, "AMD Instinct Fake");
    return SUCCESS;
}

uint32_t amdsmi_get_energy_count(void *processor, uint64_t *count, float *step, uint64_t *at) {
    struct timespec now;
    if (!valid(processor)) return INVALID;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    *count = (uint64_t)(seconds * POWER_W * FACTOR * 1e6 / STEP_UJ);
    *step = STEP_UJ;
    *at = 0;
    return SUCCESS;
}
