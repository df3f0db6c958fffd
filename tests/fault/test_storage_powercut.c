// test_storage_powercut.c - the power goes while the store writes: a file system in a file is shut down by force, its journal
// unflushed and its dirty pages lost, and mounted again.
//
// always: nothing that was acknowledged is lost. interval: at most what was acknowledged within the last
// interval. In every mode what is left is a run of whole batches from the beginning.
// Needs root, loop devices and mkfs.ext4; skipped elsewhere.

#include "fault/storage_child.h"

#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define ROUNDS 8
#define INTERVAL_MS 300u
// A sync under way when the power goes has not been finished: its own time comes on top of the interval.
#define SYNC_MS_MAX 700u

#define FS_SHUTDOWN _IOR('X', 125, __u32) // EXT4_IOC_SHUTDOWN
#define FS_SHUTDOWN_NO_LOGFLUSH 2u

struct disk {
    char dir[64], image[96], mount[96];
    bool mounted;
};

static bool shell(const char *command, const char *a, const char *b) {
    char line[400];
    snprintf(line, sizeof line, "%s %s %s >/dev/null 2>&1", command, a, b);
    return system(line) == 0;
}

static bool disk_mount(struct disk *d) {
    d->mounted = shell("mount -o loop", d->image, d->mount);
    return d->mounted;
}

static void disk_unmount(struct disk *d) {
    for (int i = 0; d->mounted && i < 50; i++) {
        d->mounted = !shell("umount", d->mount, "");
        if (d->mounted) usleep(100000);
    }
    assert_false(d->mounted);
}

static bool disk_make(struct disk *d) {
    if (geteuid() != 0) return false;
    kit_dir_make(d->dir);
    snprintf(d->image, sizeof d->image, "%s/image", d->dir);
    snprintf(d->mount, sizeof d->mount, "%s/mnt", d->dir);
    assert_int_equal(mkdir(d->mount, 0700), 0);
    int fd = open(d->image, O_RDWR | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 128 << 20), 0);
    close(fd);
    // lazy_itable_init=0: no writing in the background.
    if (!shell("mkfs.ext4 -q -F -E lazy_itable_init=0", d->image, "")) return false;
    return disk_mount(d);
}

static void disk_remove(struct disk *d) {
    if (!d->dir[0]) return;
    if (d->mounted) disk_unmount(d);
    rmdir(d->mount);
    kit_dir_remove(d->dir);
}

static bool disk_cut(struct disk *d) {
    int fd = open(d->mount, O_RDONLY | O_DIRECTORY);
    __u32 how = FS_SHUTDOWN_NO_LOGFLUSH;
    int rc = ioctl(fd, FS_SHUTDOWN, &how);
    close(fd);
    return rc == 0;
}

struct outcome {
    uint64_t durable; // acknowledged before the cut
    uint64_t old;     // acknowledged longer ago than an interval
    bool no_ioctl;
};

static struct outcome round_run(struct disk *d, const char *store, enum storage_mode mode,
                                uint64_t seed, uint64_t run_ms) {
    struct outcome out = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        report_fd = ends[1];
        child_run(&(struct child_plan){store, mode, INTERVAL_MS, 400000, 1500000, seed, 100});
    }
    close(ends[1]);
    static struct report reports[200000];
    size_t count = 0;
    uint64_t begun = 0, cut_ns = 0;
    struct report r;
    while (read(ends[0], &r, sizeof r) == sizeof r) {
        if (!begun) begun = r.mono_ns;
        if (count < sizeof reports / sizeof reports[0]) reports[count++] = r;
        if (cut_ns || clock_mono_ns() - begun < run_ms * 1000000u) continue;
        cut_ns = clock_mono_ns();
        out.no_ioctl = !disk_cut(d);
        kill(pid, SIGKILL);
    }
    close(ends[0]);
    int result;
    assert_int_equal(waitpid(pid, &result, 0), pid);
    if (!WIFSIGNALED(result)) fail_msg("the child ended by itself: %d", WEXITSTATUS(result));
    for (size_t i = 0; i < count; i++) {
        if (reports[i].mono_ns > cut_ns) continue; // told while the disk went: may be in or not
        out.durable = reports[i].lsn;
        if (reports[i].mono_ns + (uint64_t)(INTERVAL_MS + SYNC_MS_MAX) * 1000000u < cut_ns)
            out.old = reports[i].lsn;
    }
    return out;
}

static void rounds(enum storage_mode mode, const char *name) {
    struct disk d = {0};
    if (!disk_make(&d)) {
        disk_remove(&d);
        print_message("skipped: needs root, mkfs.ext4 and loop devices\n");
        skip();
    }
    uint64_t seed = (uint64_t)getpid() * 31 + (uint64_t)mode, lost = 0;
    print_message("%s: seed %llu\n", name, (unsigned long long)seed);
    struct rand r;
    rand_init(&r, seed);
    char store[128];
    snprintf(store, sizeof store, "%s/store", d.mount);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t ms = mode == STORAGE_INTERVAL ? 500 + rand_below(&r, 1200) : rand_below(&r, 600);
        struct outcome out = round_run(&d, store, mode, rand_u64(&r), ms);
        disk_unmount(&d);
        assert_true(disk_mount(&d));
        if (out.no_ioctl) {
            disk_remove(&d);
            print_message("skipped: this kernel cannot shut ext4 down\n");
            skip();
        }
        uint64_t must = mode == STORAGE_ALWAYS     ? out.durable
                        : mode == STORAGE_INTERVAL ? out.old
                                                   : 0;
        if (access(store, F_OK) != 0) { // in mode off not even the directory need be there
            assert_int_equal(must, 0);
            continue;
        }
        uint64_t last = verify(store, must, name);
        if (last < out.durable) lost += out.durable - last;
    }
    print_message("%s: %d cuts, %llu acknowledged batches lost in all\n", name, ROUNDS,
                  (unsigned long long)lost);
    if (mode == STORAGE_ALWAYS) assert_int_equal(lost, 0);
    disk_remove(&d);
}

static void cut_in_always(void **state) {
    (void)state;
    rounds(STORAGE_ALWAYS, "always");
}

static void cut_in_interval(void **state) {
    (void)state;
    rounds(STORAGE_INTERVAL, "interval");
}

static void cut_in_off(void **state) {
    (void)state;
    rounds(STORAGE_OFF, "off");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_in_always),
        cmocka_unit_test(cut_in_interval),
        cmocka_unit_test(cut_in_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
