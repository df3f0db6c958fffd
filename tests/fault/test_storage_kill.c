// test_storage_kill.c - a writer is killed (SIGKILL) at random moments, fifty rounds on one store: nothing that it was told
// is durable is lost, in any mode, and every batch is there whole or not at all.

#include "fault/storage_child.h"

#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 50

static uint64_t round_run(const char *dir, enum storage_mode mode, uint64_t seed, uint64_t run_us) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        report_fd = ends[1];
        child_run(&(struct child_plan){dir, mode, 20, 20000, 60000, seed, 0});
    }
    close(ends[1]);
    uint64_t durable = 0;
    struct report report;
    // The time runs from the first report, so that each round writes something.
    bool killed = false;
    while (read(ends[0], &report, sizeof report) == sizeof report) {
        durable = report.lsn;
        if (killed) continue;
        usleep((useconds_t)run_us);
        kill(pid, SIGKILL);
        killed = true;
    }
    close(ends[0]);
    int result;
    assert_int_equal(waitpid(pid, &result, 0), pid);
    if (!WIFSIGNALED(result)) fail_msg("the child ended by itself: %d", WEXITSTATUS(result));
    return durable;
}

static void rounds(enum storage_mode mode, const char *name) {
    uint64_t seed = (uint64_t)getpid() * 31 + (uint64_t)mode;
    print_message("%s: seed %llu\n", name, (unsigned long long)seed);
    struct rand r;
    rand_init(&r, seed);
    char dir[64];
    kit_dir_make(dir);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t durable = round_run(dir, mode, rand_u64(&r), rand_below(&r, 25000));
        (void)verify(dir, durable, name);
    }
    kit_dir_remove(dir);
}

static void killed_in_always(void **state) {
    (void)state;
    rounds(STORAGE_ALWAYS, "always");
}

static void killed_in_interval(void **state) {
    (void)state;
    rounds(STORAGE_INTERVAL, "interval");
}

static void killed_in_off(void **state) {
    (void)state;
    rounds(STORAGE_OFF, "off");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_in_always),
        cmocka_unit_test(killed_in_interval),
        cmocka_unit_test(killed_in_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
