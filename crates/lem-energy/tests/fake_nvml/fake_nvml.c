/*
 * A stand-in for NVIDIA's management library whose truth is known: power is a function of the monotonic clock, energy
 * its exact integral, and every reading is computed from them when it is asked for.
 *
 *   cc -shared -fPIC -O2 -Wl,-soname,libnvidia-ml.so.1 -o libnvidia-ml.so.1 fake_nvml.c -lm -ldl
 *
 * Settings come from `fake_nvml.conf` beside the library (lines of NAME=value, so that several copies in one process
 * differ), else from the environment. They are read by nvmlInit.
 *
 *   FAKE_NVML_GPUS=1               number of boards; board i draws i x 10 % more than board 0
 *   FAKE_NVML_WAVE=flat:250        flat:W | square:LOW:HIGH:PERIOD_S | bursts:LOW:HIGH:PERIOD_S:DUTY | ramp:START:W_PER_S
 *                                  | prefill-decode:PREFILL_W:PREFILL_S:DECODE_W:DECODE_S:IDLE_W:IDLE_S
 *                                  square and bursts begin each period high
 *                                  | process:LOW:HIGH   high while the process of FAKE_NVML_LOAD_PID runs, low while it is
 *                                  stopped or not there; looked at whenever something is read
 *   FAKE_NVML_LOAD_PID=            file that holds the number of that process
 *   FAKE_NVML_ORIGIN_NS=0          instant of CLOCK_MONOTONIC at which the wave begins
 *   FAKE_NVML_TICK_MS=100          update period of counter and power; 0 = continuous
 *   FAKE_NVML_PHASE_MS=0           board i's updates come (i + 1) times this after those of a board in step with the origin
 *   FAKE_NVML_INSTANT_MS=25        the instant power is the mean over this long before each update
 *   FAKE_NVML_STAMPS=update        update | query (field values are stamped when asked) | none (stamp 0)
 *   FAKE_NVML_ARCH=9               nvmlDeviceArchitecture_t: 5 Volta, 6 Turing, 7 Ampere, 8 Ada, 9 Hopper, 10 Blackwell
 *   FAKE_NVML_NAME=NVIDIA Fake GPU
 *   FAKE_NVML_DRIVER=580.00.fake
 *   FAKE_NVML_THROTTLE=4           bit set of the throttle reasons: 4 is the power cap, 0 none
 *   FAKE_NVML_INIT=0               what nvmlInit returns
 *   FAKE_NVML_MIG=                 BOARD:INSTANCES, comma-separated: boards in MIG mode
 *   FAKE_NVML_FAULTS=              BOARD:KIND[@NS], comma-separated; NS counts from the wave's origin, absent = always.
 *                                  reset (the counter starts over), lost (GPU_IS_LOST), stuck (readings stand still),
 *                                  no-counter, no-power, no-fields, no-permission
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SUCCESS = 0,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    GPU_IS_LOST = 15
};
enum { MAX_GPUS = 16, MAX_INSTANCES = 7, MAX_SEGMENTS = 3 };
enum { AMPERE = 7, HOPPER = 9, VOLTA = 5 };

typedef int nvmlReturn_t;

/* ---- settings ---- */

typedef struct {
    int reset, lost, stuck, no_counter, no_power, no_fields, no_permission;
    uint64_t reset_at, lost_at, stuck_at;
    unsigned instances;
} Board;

/* A device handle points to one of these: a board, or a MIG instance of one. */
typedef struct {
    unsigned board;
    int instance; /* -1 for the whole board */
} Handle;

static struct {
    unsigned start; /* counts calls of nvmlInit */
    unsigned gpus, arch, throttle;
    char name[96], driver[80], stamps[16];
    double watts[MAX_SEGMENTS], seconds[MAX_SEGMENTS], slope;
    int segments, follows_process;
    char load_pid[512];
    uint64_t origin, tick, phase, instant;
    int64_t wall_minus_mono;
    Board boards[MAX_GPUS];
} now_is;
static Handle whole[MAX_GPUS], parts[MAX_GPUS][MAX_INSTANCES];

static char conf_text[4096];

static void load_conf(void) {
    Dl_info here;
    conf_text[0] = 0;
    if (!dladdr((void *)load_conf, &here) || !here.dli_fname) return;
    char path[4096];
    const char *slash = strrchr(here.dli_fname, '/');
    int folder = slash ? (int)(slash - here.dli_fname) + 1 : 0;
    snprintf(path, sizeof path, "%.*sfake_nvml.conf", folder, here.dli_fname);
    FILE *file = fopen(path, "r");
    if (!file) return;
    conf_text[fread(conf_text, 1, sizeof conf_text - 1, file)] = 0;
    fclose(file);
}

static const char *setting(const char *name, const char *otherwise) {
    static char value[1024];
    size_t length = strlen(name);
    for (const char *line = conf_text; line && *line;) {
        const char *end = strchr(line, '\n');
        size_t span = end ? (size_t)(end - line) : strlen(line);
        if (span > length && !strncmp(line, name, length) && line[length] == '=') {
            snprintf(value, sizeof value, "%.*s", (int)(span - length - 1), line + length + 1);
            return value;
        }
        line = end ? end + 1 : NULL;
    }
    const char *from_environment = getenv(name);
    return from_environment ? from_environment : otherwise;
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* What a process did, as it was seen: its power from each instant on, and the energy up to it. */
enum { MAX_SEEN = 4096 };
static struct { uint64_t at; double joules, watts; } seen[MAX_SEEN];
static int seen_count;
static char seen_lock;

static void parse_wave(const char *text) {
    double a = 250, b = 250, c = 1, d = 0.5, e = 0, f = 0;
    const char *colon = strchr(text, ':');
    if (colon) sscanf(colon + 1, "%lf:%lf:%lf:%lf:%lf:%lf", &a, &b, &c, &d, &e, &f);
    now_is.slope = 0;
    now_is.segments = 1;
    now_is.follows_process = !strncmp(text, "process", 7);
    now_is.watts[1] = b;
    now_is.watts[0] = a;
    now_is.seconds[0] = 1;
    if (!strncmp(text, "square", 6) || !strncmp(text, "bursts", 6)) {
        double duty = !strncmp(text, "bursts", 6) ? d : 0.5;
        now_is.segments = 2;
        now_is.watts[0] = b, now_is.seconds[0] = c * duty;
        now_is.watts[1] = a, now_is.seconds[1] = c * (1 - duty);
    } else if (!strncmp(text, "ramp", 4)) {
        now_is.slope = b;
    } else if (!strncmp(text, "prefill-decode", 14)) {
        now_is.segments = 3;
        now_is.watts[0] = a, now_is.seconds[0] = b;
        now_is.watts[1] = c, now_is.seconds[1] = d;
        now_is.watts[2] = e, now_is.seconds[2] = f;
    }
}

static void parse_faults(const char *text) {
    for (const char *entry = text; entry && *entry;) {
        unsigned board = 0;
        char kind[32] = "";
        unsigned long long at = 0;
        int read = sscanf(entry, "%u:%31[a-z-]@%llu", &board, kind, &at);
        if (read >= 2 && board < MAX_GPUS) {
            Board *faulty = &now_is.boards[board];
            if (!strcmp(kind, "reset")) faulty->reset = 1, faulty->reset_at = at;
            if (!strcmp(kind, "lost")) faulty->lost = 1, faulty->lost_at = at;
            if (!strcmp(kind, "stuck")) faulty->stuck = 1, faulty->stuck_at = at;
            if (!strcmp(kind, "no-counter")) faulty->no_counter = 1;
            if (!strcmp(kind, "no-power")) faulty->no_power = 1;
            if (!strcmp(kind, "no-fields")) faulty->no_fields = 1;
            if (!strcmp(kind, "no-permission")) faulty->no_permission = 1;
        }
        entry = strchr(entry, ',');
        if (entry) entry++;
    }
}

static void parse_mig(const char *text) {
    for (const char *entry = text; entry && *entry;) {
        unsigned board = 0, instances = 0;
        if (sscanf(entry, "%u:%u", &board, &instances) == 2 && board < MAX_GPUS)
            now_is.boards[board].instances = instances < MAX_INSTANCES ? instances : MAX_INSTANCES;
        entry = strchr(entry, ',');
        if (entry) entry++;
    }
}

nvmlReturn_t nvmlInit_v2(void) {
    load_conf();
    unsigned start = now_is.start + 1;
    memset(&now_is, 0, sizeof now_is);
    now_is.start = start;
    now_is.gpus = (unsigned)atoi(setting("FAKE_NVML_GPUS", "1"));
    if (now_is.gpus > MAX_GPUS) now_is.gpus = MAX_GPUS;
    now_is.arch = (unsigned)atoi(setting("FAKE_NVML_ARCH", "9"));
    now_is.throttle = (unsigned)atoi(setting("FAKE_NVML_THROTTLE", "4"));
    snprintf(now_is.name, sizeof now_is.name, "%s", setting("FAKE_NVML_NAME", "NVIDIA Fake GPU"));
    snprintf(now_is.driver, sizeof now_is.driver, "%s", setting("FAKE_NVML_DRIVER", "580.00.fake"));
    snprintf(now_is.stamps, sizeof now_is.stamps, "%s", setting("FAKE_NVML_STAMPS", "update"));
    now_is.origin = strtoull(setting("FAKE_NVML_ORIGIN_NS", "0"), NULL, 10);
    now_is.tick = (uint64_t)(atof(setting("FAKE_NVML_TICK_MS", "100")) * 1e6);
    now_is.phase = (uint64_t)(atof(setting("FAKE_NVML_PHASE_MS", "0")) * 1e6);
    now_is.instant = (uint64_t)(atof(setting("FAKE_NVML_INSTANT_MS", "25")) * 1e6);
    /* Taken once, so that one update has one stamp however often it is read. */
    now_is.wall_minus_mono = (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
    seen_count = 0;
    snprintf(now_is.load_pid, sizeof now_is.load_pid, "%s", setting("FAKE_NVML_LOAD_PID", ""));
    parse_wave(setting("FAKE_NVML_WAVE", "flat:250"));
    parse_faults(setting("FAKE_NVML_FAULTS", ""));
    parse_mig(setting("FAKE_NVML_MIG", ""));
    for (unsigned board = 0; board < MAX_GPUS; board++) {
        whole[board] = (Handle){board, -1};
        for (int instance = 0; instance < MAX_INSTANCES; instance++) parts[board][instance] = (Handle){board, instance};
    }
    return atoi(setting("FAKE_NVML_INIT", "0"));
}

nvmlReturn_t nvmlInit(void) { return nvmlInit_v2(); }
nvmlReturn_t nvmlInitWithFlags(unsigned flags) { (void)flags; return nvmlInit_v2(); }
nvmlReturn_t nvmlShutdown(void) { return SUCCESS; }

/* ---- the truth ---- */

static int load_runs(void) {
    char path[64], text[512];
    int pid = 0;
    FILE *file = fopen(now_is.load_pid, "r");
    if (!file) return 0;
    int known = fscanf(file, "%d", &pid) == 1;
    fclose(file);
    if (!known) return 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (!file) return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    const char *state = strrchr(text, ')');
    return state && state[1] == ' ' && !strchr("TtZX", state[2]);
}

static double seen_to(uint64_t ns) {
    int last = seen_count - 1;
    while (last > 0 && seen[last].at > ns) last--;
    if (last < 0) return now_is.watts[0] * ((double)ns / 1e9);
    return seen[last].joules + seen[last].watts * (((double)ns - (double)seen[last].at) / 1e9);
}

/* Looks what the process does now; it has done the same since it was last looked at. */
static void look_at_load(uint64_t ns) {
    if (!now_is.follows_process) return;
    double watts = now_is.watts[load_runs()];
    while (__atomic_test_and_set(&seen_lock, __ATOMIC_ACQUIRE)) {}
    int is_new = seen_count == 0 || seen[seen_count - 1].watts != watts;
    if (is_new && seen_count < MAX_SEEN && (seen_count == 0 || ns > seen[seen_count - 1].at)) {
        seen[seen_count].joules = seen_to(ns);
        seen[seen_count].at = ns;
        seen[seen_count].watts = watts;
        seen_count++;
    }
    __atomic_clear(&seen_lock, __ATOMIC_RELEASE);
}

/* Joules of board 0 from the origin to `ns` after it. */
static double energy_to(uint64_t ns) {
    if (now_is.follows_process) return seen_to(ns);
    double at = (double)ns / 1e9, cycle = 0, cycle_joules = 0;
    if (now_is.slope != 0) return now_is.watts[0] * at + 0.5 * now_is.slope * at * at;
    for (int i = 0; i < now_is.segments; i++) {
        cycle += now_is.seconds[i];
        cycle_joules += now_is.watts[i] * now_is.seconds[i];
    }
    double whole_cycles = floor(at / cycle), rest = at - whole_cycles * cycle, joules = whole_cycles * cycle_joules;
    for (int i = 0; i < now_is.segments && rest > 0; i++) {
        joules += now_is.watts[i] * fmin(rest, now_is.seconds[i]);
        rest -= now_is.seconds[i];
    }
    return joules;
}

static uint64_t elapsed_ns(void) {
    uint64_t mono = clock_ns(CLOCK_MONOTONIC);
    return mono > now_is.origin ? mono - now_is.origin : 0;
}

/* Not of NVML: the true joules of board 0 between two instants of CLOCK_MONOTONIC, for whoever judges what was read. */
double fakeNvmlJoules(uint64_t from, uint64_t to) { return energy_to(to - now_is.origin) - energy_to(from - now_is.origin); }

/* When the readings of a board were last updated, in nanoseconds from the origin. */
static uint64_t update_ns(const Board *board) {
    uint64_t at = elapsed_ns();
    look_at_load(at);
    if (board->stuck && at > board->stuck_at) at = board->stuck_at;
    if (!now_is.tick) return at;
    uint64_t phase = now_is.phase * (uint64_t)(board - now_is.boards + 1) % now_is.tick;
    uint64_t since = (at + now_is.tick - phase) % now_is.tick;
    return at > since ? at - since : 0;
}

static double share_of(unsigned board) { return 1.0 + 0.1 * board; }

/* Mean watts of board 0 over `span` before `at`. */
static double mean_before(uint64_t at, uint64_t span) {
    if (span > at) span = at;
    if (span == 0) span = 1000000, at += span;
    return (energy_to(at) - energy_to(at - span)) / ((double)span / 1e9);
}

static unsigned milliwatts(unsigned board, uint64_t at, uint64_t span) {
    return (unsigned)(1e3 * share_of(board) * mean_before(at, span) + 0.5);
}

static const uint64_t ONE_SECOND = 1000000000u;

/* What a board shows between two updates. */
typedef struct {
    uint64_t at;
    unsigned long long millijoules;
    unsigned average, instant;
} Shown;

/* Computed once per update, so that a call costs next to nothing: what a sampler costs is then its own. */
static const Shown *shown(unsigned index) {
    static _Thread_local Shown kept[MAX_GPUS];
    static _Thread_local unsigned kept_of[MAX_GPUS];
    const Board *board = &now_is.boards[index];
    Shown *last = &kept[index];
    uint64_t at = update_ns(board);
    if (kept_of[index] == now_is.start && last->at == at) return last;
    double joules = energy_to(at);
    if (board->reset && at >= board->reset_at) joules -= energy_to(board->reset_at);
    *last = (Shown){at, (unsigned long long)(1e3 * share_of(index) * joules), milliwatts(index, at, ONE_SECOND),
                    milliwatts(index, at, now_is.instant)};
    kept_of[index] = now_is.start;
    return last;
}

static int is_ga100(void) { return strstr(now_is.name, "A100") || strstr(now_is.name, "A30"); }
static int averages_one_second(void) { return now_is.arch > AMPERE || (now_is.arch == AMPERE && !is_ga100()); }

/* ---- handles ---- */

static nvmlReturn_t check(const Handle *device) {
    if (!device || device->board >= now_is.gpus) return INVALID_ARGUMENT;
    const Board *board = &now_is.boards[device->board];
    if (board->no_permission) return NO_PERMISSION;
    if (board->lost && elapsed_ns() >= board->lost_at) return GPU_IS_LOST;
    return SUCCESS;
}

#define CHECK(device)                                     \
    nvmlReturn_t checked = check((const Handle *)device); \
    if (checked != SUCCESS) return checked

#define CHECK_WHOLE(device) \
    CHECK(device);          \
    if (((const Handle *)device)->instance >= 0) return NOT_SUPPORTED

static unsigned index_of(const void *device) { return ((const Handle *)device)->board; }
static const Board *board_of(const void *device) { return &now_is.boards[index_of(device)]; }

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count) { *count = now_is.gpus; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetCount(unsigned *count) { return nvmlDeviceGetCount_v2(count); }

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    if (index >= now_is.gpus) return INVALID_ARGUMENT;
    *device = &whole[index];
    return check(&whole[index]);
}
nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned index, void **device) { return nvmlDeviceGetHandleByIndex_v2(index, device); }

static void write_uuid(const Handle *device, char *text, unsigned length) {
    if (device->instance < 0) snprintf(text, length, "GPU-%08x-fa4e-4000-8000-0000000000%02x", 0xfa4e0000u + device->board * 0x1111u, device->board);
    else snprintf(text, length, "MIG-%08x-fa4e-5000-8000-0000000000%02x", 0xfa4e0000u + device->board * 0x1111u, (unsigned)device->instance);
}

nvmlReturn_t nvmlDeviceGetUUID(void *device, char *text, unsigned length) {
    CHECK(device);
    write_uuid(device, text, length);
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    char text[96];
    for (unsigned board = 0; board < now_is.gpus; board++) {
        write_uuid(&whole[board], text, sizeof text);
        if (!strcmp(uuid, text)) return *device = &whole[board], check(&whole[board]);
    }
    return NOT_FOUND;
}
nvmlReturn_t nvmlDeviceGetIndex(void *device, unsigned *index) { CHECK(device); *index = index_of(device); return SUCCESS; }
nvmlReturn_t nvmlDeviceGetMinorNumber(void *device, unsigned *minor) { CHECK_WHOLE(device); *minor = index_of(device); return SUCCESS; }
nvmlReturn_t nvmlDeviceGetName(void *device, char *text, unsigned length) {
    CHECK(device);
    const Handle *handle = device;
    snprintf(text, length, handle->instance < 0 ? "%s" : "%s MIG 1g.10gb", now_is.name);
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceGetBrand(void *device, int *brand) { CHECK(device); *brand = 14; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetSerial(void *device, char *text, unsigned length) {
    CHECK(device);
    snprintf(text, length, "fake-%u", index_of(device));
    return SUCCESS;
}

typedef struct {
    char legacy_bus_id[16];
    unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
    char bus_id[32];
} PciInfo;

nvmlReturn_t nvmlDeviceGetPciInfo_v3(void *device, PciInfo *pci) {
    CHECK_WHOLE(device);
    memset(pci, 0, sizeof *pci);
    pci->bus = 0x10 + index_of(device);
    pci->pci_device_id = 0xfa4e10deu;
    snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02X:00.0", pci->bus);
    snprintf(pci->legacy_bus_id, sizeof pci->legacy_bus_id, "0000:%02X:00.0", pci->bus);
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceGetPciInfo_v2(void *device, PciInfo *pci) { return nvmlDeviceGetPciInfo_v3(device, pci); }

/* ---- MIG ---- */

nvmlReturn_t nvmlDeviceGetMigMode(void *device, unsigned *current, unsigned *pending) {
    CHECK_WHOLE(device);
    *current = *pending = board_of(device)->instances > 0;
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned *count) { CHECK_WHOLE(device); *count = MAX_INSTANCES; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned index, void **instance) {
    CHECK_WHOLE(device);
    if (index >= board_of(device)->instances) return NOT_FOUND;
    *instance = &parts[index_of(device)][index];
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void *device, void **parent) {
    CHECK(device);
    *parent = &whole[index_of(device)];
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceIsMigDeviceHandle(void *device, unsigned *is) { CHECK(device); *is = ((const Handle *)device)->instance >= 0; return SUCCESS; }

/* ---- what a board is ---- */

static nvmlReturn_t write_text(const char *from, char *text, unsigned length) {
    return (unsigned)snprintf(text, length, "%s", from) < length ? SUCCESS : INSUFFICIENT_SIZE;
}
nvmlReturn_t nvmlSystemGetDriverVersion(char *text, unsigned length) { return write_text(now_is.driver, text, length); }
nvmlReturn_t nvmlSystemGetNVMLVersion(char *text, unsigned length) { return write_text("13.580.00.fake", text, length); }
nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version) { *version = 13000; return SUCCESS; }
nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 13000; return SUCCESS; }
nvmlReturn_t nvmlSystemGetProcessName(unsigned pid, char *text, unsigned length) { (void)pid; return write_text("process", text, length); }
nvmlReturn_t nvmlDeviceGetVbiosVersion(void *device, char *text, unsigned length) { CHECK_WHOLE(device); return write_text("96.00.fa.4e.00", text, length); }
nvmlReturn_t nvmlDeviceGetArchitecture(void *device, unsigned *arch) { CHECK(device); *arch = now_is.arch; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
    CHECK(device);
    static const int capabilities[][2] = {{0, 0}, {0, 0}, {3, 5}, {5, 2}, {6, 0}, {7, 0}, {7, 5}, {8, 6}, {8, 9}, {9, 0}, {10, 0}};
    if (now_is.arch > 10) return NOT_SUPPORTED;
    *major = capabilities[now_is.arch][0];
    *minor = now_is.arch == AMPERE && is_ga100() ? 0 : capabilities[now_is.arch][1];
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceGetPersistenceMode(void *device, int *mode) { CHECK_WHOLE(device); *mode = 1; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetEccMode(void *device, int *current, int *pending) { CHECK_WHOLE(device); *current = *pending = 1; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetComputeMode(void *device, int *mode) { CHECK(device); *mode = 0; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetNumGpuCores(void *device, unsigned *cores) { CHECK(device); *cores = 16896; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetPowerManagementMode(void *device, int *mode) { CHECK_WHOLE(device); *mode = 1; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetPowerManagementLimit(void *device, unsigned *limit) { CHECK_WHOLE(device); *limit = 650000; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *limit) { return nvmlDeviceGetPowerManagementLimit(device, limit); }
nvmlReturn_t nvmlDeviceGetPowerManagementDefaultLimit(void *device, unsigned *limit) { CHECK_WHOLE(device); *limit = 700000; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(void *device, unsigned *least, unsigned *most) {
    CHECK_WHOLE(device);
    *least = 200000, *most = 700000;
    return SUCCESS;
}

typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } MemoryV2;

static unsigned long long total_memory(const void *device) {
    return (((const Handle *)device)->instance < 0 ? 80ull : 10ull) << 30;
}
nvmlReturn_t nvmlDeviceGetMemoryInfo(void *device, Memory *memory) {
    CHECK(device);
    memory->total = total_memory(device);
    memory->used = 1ull << 30;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}
nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(void *device, MemoryV2 *memory) {
    CHECK(device);
    memory->total = total_memory(device);
    memory->reserved = 512ull << 20;
    memory->used = 1ull << 30;
    memory->free = memory->total - memory->used - memory->reserved;
    return SUCCESS;
}

/* ---- what a board does ---- */

typedef struct { unsigned gpu, memory; } Utilization;

nvmlReturn_t nvmlDeviceGetTemperature(void *device, int sensor, unsigned *degrees) { CHECK(device); (void)sensor; *degrees = 50 + index_of(device); return SUCCESS; }
nvmlReturn_t nvmlDeviceGetClockInfo(void *device, int clock, unsigned *mhz) { CHECK(device); *mhz = clock == 2 ? 2619 : 1755; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetClock(void *device, int clock, int id, unsigned *mhz) { (void)id; return nvmlDeviceGetClockInfo(device, clock, mhz); }
nvmlReturn_t nvmlDeviceGetMaxClockInfo(void *device, int clock, unsigned *mhz) { CHECK(device); *mhz = clock == 2 ? 2619 : 1980; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetUtilizationRates(void *device, Utilization *rates) { CHECK_WHOLE(device); *rates = (Utilization){75, 40}; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *reasons) { CHECK(device); *reasons = now_is.throttle; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(void *device, unsigned long long *reasons) { return nvmlDeviceGetCurrentClocksThrottleReasons(device, reasons); }
nvmlReturn_t nvmlDeviceGetPerformanceState(void *device, int *state) { CHECK(device); *state = 0; return SUCCESS; }
nvmlReturn_t nvmlDeviceGetFanSpeed(void *device, unsigned *speed) { CHECK(device); (void)speed; return NOT_SUPPORTED; }

static nvmlReturn_t no_processes(void *device, unsigned *count) { CHECK(device); *count = 0; return SUCCESS; }
#define NO_PROCESSES(name) \
    nvmlReturn_t name(void *device, unsigned *count, void *processes) { (void)processes; return no_processes(device, count); }
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses)
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3)

/* ---- energy and power ---- */

nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules) {
    CHECK_WHOLE(device);
    const Board *board = board_of(device);
    if (board->no_counter || now_is.arch < VOLTA) return NOT_SUPPORTED;
    *millijoules = shown(index_of(device))->millijoules;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(void *device, unsigned *power) {
    CHECK_WHOLE(device);
    if (board_of(device)->no_power) return NOT_SUPPORTED;
    const Shown *now = shown(index_of(device));
    *power = averages_one_second() ? now->average : now->instant;
    return SUCCESS;
}

typedef union { double d; int i; unsigned u; unsigned long ul; unsigned long long ull; long long ll; unsigned short us; } Value;
typedef struct {
    unsigned field, scope;
    long long timestamp, latency_us;
    int type;
    nvmlReturn_t result;
    Value value;
} FieldValue;

enum { FIELD_ENERGY = 83, FIELD_AVERAGE = 185, FIELD_INSTANT = 186 };
enum { SCOPE_GPU, SCOPE_MODULE, SCOPE_MEMORY };
enum { UNSIGNED_INT = 1, UNSIGNED_LONG_LONG = 3 };

static void answer_field(void *device, const Shown *now, FieldValue *value) {
    const Board *board = board_of(device);
    uint64_t at = now_is.origin + (now_is.stamps[0] == 'q' ? elapsed_ns() : now->at);
    value->timestamp = now_is.stamps[0] == 'n' ? 0 : ((int64_t)at + now_is.wall_minus_mono) / 1000;
    value->latency_us = 1;
    value->type = UNSIGNED_INT;
    value->result = SUCCESS;
    if (value->field == FIELD_ENERGY) {
        value->type = UNSIGNED_LONG_LONG;
        value->result = nvmlDeviceGetTotalEnergyConsumption(device, &value->value.ull);
        return;
    }
    int is_power = value->field == FIELD_AVERAGE || value->field == FIELD_INSTANT;
    int has_average = averages_one_second(), has_instant = now_is.arch >= AMPERE;
    int has_scope = value->scope == SCOPE_GPU || (value->scope == SCOPE_MEMORY && now_is.arch >= HOPPER) ||
                    (value->scope == SCOPE_MODULE && strstr(now_is.name, "GH200"));
    int has = is_power && has_scope && (value->field == FIELD_AVERAGE ? has_average : has_instant);
    if (!has || board->no_fields || board->no_power) {
        value->result = NOT_SUPPORTED;
        return;
    }
    unsigned power = value->field == FIELD_AVERAGE ? now->average : now->instant;
    /* A fifth of the board is its memory; the module's processor draws 100 W. */
    value->value.u = value->scope == SCOPE_MEMORY ? power / 5 : value->scope == SCOPE_MODULE ? power + 100000 : power;
}

nvmlReturn_t nvmlDeviceGetFieldValues(void *device, int count, FieldValue *values) {
    CHECK_WHOLE(device);
    if (count <= 0 || !values) return INVALID_ARGUMENT;
    const Shown *now = shown(index_of(device));
    for (int i = 0; i < count; i++) answer_field(device, now, &values[i]);
    return SUCCESS;
}

/* ---- activity (GPM): as busy as the power is of 700 W ---- */

typedef struct { uint64_t at; double joules; } GpmSample;
typedef struct { unsigned id; nvmlReturn_t result; double value; struct { char *short_name, *long_name, *unit; } info; } GpmMetric;
typedef struct { unsigned version, count; GpmSample *first, *second; GpmMetric metrics[]; } GpmMetrics;
typedef struct { unsigned version, is_supported; } GpmSupport;

nvmlReturn_t nvmlGpmQueryDeviceSupport(void *device, GpmSupport *support) {
    CHECK(device);
    support->is_supported = now_is.arch >= HOPPER;
    return SUCCESS;
}
nvmlReturn_t nvmlGpmSampleAlloc(GpmSample **sample) { *sample = calloc(1, sizeof **sample); return SUCCESS; }
nvmlReturn_t nvmlGpmSampleFree(GpmSample *sample) { free(sample); return SUCCESS; }
nvmlReturn_t nvmlGpmSampleGet(void *device, GpmSample *sample) {
    CHECK(device);
    if (now_is.arch < HOPPER) return NOT_SUPPORTED;
    sample->at = elapsed_ns();
    sample->joules = share_of(index_of(device)) * energy_to(sample->at);
    return SUCCESS;
}
nvmlReturn_t nvmlGpmMetricsGet(GpmMetrics *request) {
    double seconds = ((double)request->second->at - (double)request->first->at) / 1e9;
    if (!(seconds > 0)) return INVALID_ARGUMENT;
    double percent = fmin(100, 100 * (request->second->joules - request->first->joules) / seconds / 700);
    for (unsigned i = 0; i < request->count; i++) {
        request->metrics[i].result = SUCCESS;
        request->metrics[i].value = percent;
    }
    return SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t code) {
    switch (code) {
    case SUCCESS: return "Success";
    case INVALID_ARGUMENT: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case NO_PERMISSION: return "Insufficient Permissions";
    case NOT_FOUND: return "Not Found";
    case GPU_IS_LOST: return "GPU is lost";
    default: return "Unknown Error";
    }
}
