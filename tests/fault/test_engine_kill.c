// test_engine_kill.c - a program that embeds the library is killed (SIGKILL) amid batches of moves: each call that had to wait
// for the disk is there afterwards, whole, and the objects are found where they say they are.

#include "support/support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "warp.h"

#define OBJECTS 100
#define ROUNDS 15

static struct warp *open_at(const char *dir, enum warp_durability durability,
                            struct warp_session **s) {
    struct warp *db;
    struct warp_options options = {.data_dir = dir, .durability = durability};
    if (warp_open(&options, &db, NULL, 0) != WARP_OK) return NULL;
    return warp_session_open(db, s) == WARP_OK ? db : NULL;
}

/// Where step `n` puts all.
static double longitude(unsigned n) {
    return (double)(n % 36000) / 200;
}

/// The child: all objects to one place after another; tells which are safe.
static void move_for_ever(const char *dir, enum warp_durability durability, unsigned n, int fd) {
    struct warp_session *s;
    struct warp *db = open_at(dir, durability, &s);
    static char ids[OBJECTS][16];
    struct warp_position to[OBJECTS];
    if (!db) _exit(2);
    for (;; n++) {
        for (int i = 0; i < OBJECTS; i++) {
            snprintf(ids[i], sizeof ids[i], "o%d", i);
            to[i] = (struct warp_position){ids[i], longitude(n), i % 90};
        }
        if (warp_move_many(s, NULL, to, OBJECTS, NULL, NULL) != WARP_OK) _exit(3);
        if (durability != WARP_ALWAYS && n % 16 && n > 1) continue;
        if (durability != WARP_ALWAYS && warp_sync(db) != WARP_OK) _exit(4);
        if (write(fd, &n, sizeof n) != sizeof n) _exit(5);
    }
}

/// The last step that the child called safe.
static unsigned run_and_kill(const char *dir, enum warp_durability durability, unsigned n,
                             useconds_t run_us) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        move_for_ever(dir, durability, n, ends[1]);
    }
    close(ends[1]);
    unsigned safe = 0;
    bool killed = false;
    for (unsigned step; read(ends[0], &step, sizeof step) == sizeof step; safe = step) {
        if (killed) continue;
        usleep(run_us);
        kill(pid, SIGKILL);
        killed = true;
    }
    close(ends[0]);
    int result;
    assert_int_equal(waitpid(pid, &result, 0), pid);
    if (!WIFSIGNALED(result)) fail_msg("the child ended by itself: %d", WEXITSTATUS(result));
    return safe;
}

/// Gives the step that is there.
static unsigned verify(const char *dir, unsigned safe) {
    struct warp_session *s;
    struct warp *db = open_at(dir, WARP_ALWAYS, &s);
    struct warp_hit hit;
    uint64_t there;
    assert_non_null(db);
    assert_int_equal(warp_find(s, NULL, "o0", &hit), WARP_OK);
    double lon = hit.lon;
    if (lon < longitude(safe)) fail_msg("at %g, though %g was safe", lon, longitude(safe));
    for (int i = 0; i < OBJECTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        assert_int_equal(warp_find(s, NULL, id, &hit), WARP_OK);
        if (hit.lon != lon) fail_msg("half a batch: %s at %g, not %g", id, hit.lon, lon);
    }
    assert_int_equal(warp_bbox_count(s, NULL, lon, 0, lon, 90, &there), WARP_OK);
    assert_int_equal(there, OBJECTS);
    warp_session_close(s);
    warp_close(db);
    return (unsigned)(lon * 200 + 0.5);
}

static void rounds(enum warp_durability durability) {
    const char *dir = test_tmpdir();
    unsigned seed = (unsigned)getpid(), at = 0;
    print_message("seed %u\n", seed);
    struct warp_session *s;
    struct warp *db = open_at(dir, durability, &s);
    assert_non_null(db);
    for (int i = 0; i < OBJECTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        assert_int_equal(warp_put_point(s, NULL, id, 0, i % 90, NULL), WARP_OK);
    }
    warp_session_close(s);
    warp_close(db);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned safe = run_and_kill(dir, durability, at + 1, (useconds_t)rand_r(&seed) % 20000);
        at = verify(dir, safe);
    }
}

static void killed_in_always(void **state) {
    (void)state;
    rounds(WARP_ALWAYS);
}

static void killed_after_syncs(void **state) {
    (void)state;
    rounds(WARP_OFF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_in_always),
        cmocka_unit_test(killed_after_syncs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
