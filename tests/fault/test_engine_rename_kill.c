// test_engine_rename_kill.c - a process is killed (SIGKILL) while it gives a collection one name and the other, with snapshots
// beside it: afterwards the objects are under exactly one of both, all of them, in the state of one step.
//
// Step n: a decoy under the new name (every third), all objects to longitude n under the old one in one batch, the rename.

#include "unit/engine/engine_support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "storage/wal_store.h"

enum { OBJECTS = 60, ROUNDS = 20, SAFE_EACH = 4 };

struct world {
    struct engine *engine;
    struct storage *store;
    unsigned reader;
};

static const char *old_name(unsigned step) {
    return step % 2 ? "a" : "b";
}

static const char *new_name(unsigned step) {
    return old_name(step + 1);
}

static double longitude(unsigned step) {
    return (step % 36000) / 200.0;
}

static struct world open_at(const char *dir, enum storage_mode mode) {
    struct world w;
    w.engine = engine_make(INDEX_QUADTREE, 4, &w.reader);
    struct storage_options options = {.dir = dir,
                                      .mode = mode,
                                      .segment_bytes = 1 << 16,
                                      .source = engine_emit_all,
                                      .source_ctx = w.engine};
    struct reason why = {0};
    if (wal_store_open(&options, &w.store, &why) != STATUS_OK ||
        engine_attach(w.engine, w.store, &why) != STATUS_OK) {
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
    return w;
}

static void *snapshots(void *arg) {
    struct world *w = arg;
    for (struct reason why;;) {
        if (storage_snapshot(w->store, &why) == STATUS_CORRUPT) _exit(2);
        usleep(500);
    }
}

static void put_all(struct world *w, unsigned step) {
    static char ids[OBJECTS][16];
    struct change changes[OBJECTS];
    struct change_result results[OBJECTS];
    uint64_t lsn;
    for (int i = 0; i < OBJECTS; i++) {
        snprintf(ids[i], sizeof ids[i], "%d", i);
        changes[i] =
            change_point(CHANGE_PUT, old_name(step), ids[i], longitude(step), i % 90, "{}");
    }
    engine_enter(w->engine, w->reader);
    enum status st = engine_apply(w->engine, w->reader, changes, OBJECTS, results, &lsn, NULL);
    engine_leave(w->engine, w->reader);
    if (st != STATUS_OK) _exit(3);
}

static void rename_it(struct world *w, unsigned step) {
    enum status st = STATUS_BUSY;
    while (st == STATUS_BUSY) { // a snapshot that may not be broken off
        bool renamed;
        uint64_t lsn;
        engine_enter(w->engine, w->reader);
        st = engine_rename(w->engine, w->reader, str_of(old_name(step)), str_of(new_name(step)),
                           false, &renamed, &lsn, NULL);
        engine_leave(w->engine, w->reader);
    }
    if (st != STATUS_OK) _exit(4);
}

/// The child: tells which steps are safe.
static void rename_for_ever(const char *dir, unsigned step, int fd) {
    struct world w = open_at(dir, step % 2 ? STORAGE_OFF : STORAGE_ALWAYS);
    struct reason why;
    pthread_t thread;
    if (pthread_create(&thread, NULL, snapshots, &w) != 0) _exit(5);
    for (;; step++) {
        if (step % 3 == 0 &&
            apply_one(w.engine, w.reader,
                      change_point(CHANGE_PUT, new_name(step), "decoy", 0, 0, "{}")) != STATUS_OK) {
            _exit(6);
        }
        put_all(&w, step);
        rename_it(&w, step);
        if (step % SAFE_EACH == 0) {
            if (storage_sync(w.store, &why) != STATUS_OK) _exit(7);
            if (write(fd, &step, sizeof step) != sizeof step) _exit(8);
        }
    }
}

/// The last step that the child called safe.
static unsigned run_and_kill(const char *dir, unsigned step, useconds_t run_us) {
    int ends[2];
    unsigned safe = step - 1;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        rename_for_ever(dir, step, ends[1]);
    }
    close(ends[1]);
    bool killed = false;
    for (unsigned told; read(ends[0], &told, sizeof told) == sizeof told; safe = told) {
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

static uint64_t count_of(struct world *w, const char *name) {
    uint64_t count = 0;
    return engine_count_objects(w->engine, w->reader, str_of(name), &count) ? count : 0;
}

/// Gives the step that is there.
static unsigned verify(const char *dir, unsigned safe) {
    struct world w = open_at(dir, STORAGE_ALWAYS);
    engine_enter(w.engine, w.reader);
    const char *name = get(w.engine, w.reader, "a", "7") ? "a" : "b";
    const char *other = *name == 'a' ? "b" : "a";
    assert_int_equal(count_of(&w, name), OBJECTS);
    assert_null(get(w.engine, w.reader, name, "decoy"));
    uint64_t beside = count_of(&w, other);
    if (beside > 1 || (beside && !get(w.engine, w.reader, other, "decoy"))) {
        fail_msg("%llu objects under the other name", (unsigned long long)beside);
    }
    double lon = get(w.engine, w.reader, name, "7")->point.lon;
    for (int i = 0; i < OBJECTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        const struct object *o = get(w.engine, w.reader, name, id);
        assert_non_null(o);
        if (o->point.lon != lon) fail_msg("half a batch: %s at %g, not %g", id, o->point.lon, lon);
    }
    unsigned step = (unsigned)(lon * 200 + 0.5);
    if (step < safe) fail_msg("at step %u, though %u was safe", step, safe);
    // The step's own rename may be missing only when nothing said that it was safe.
    bool done = strcmp(name, new_name(step)) == 0;
    if (step == safe && !done) fail_msg("step %u was safe, its rename is missing", step);
    check_engine(w.engine);
    engine_leave(w.engine, w.reader);
    if (!done) rename_it(&w, step);
    assert_int_equal(storage_close(w.store), STATUS_OK);
    engine_end(w.engine, w.reader);
    return step;
}

static void killed_amid_renames(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    struct rand r;
    uint64_t seed = test_seed();
    rand_init(&r, seed);
    struct world w = open_at(dir, STORAGE_ALWAYS);
    put_all(&w, 1);
    rename_it(&w, 1);
    assert_int_equal(storage_close(w.store), STATUS_OK);
    engine_end(w.engine, w.reader);
    unsigned at = 1;
    for (int round = 0; round < ROUNDS; round++) {
        unsigned safe = run_and_kill(dir, at + 1, (useconds_t)rand_below(&r, 20000));
        at = verify(dir, safe);
    }
    print_message("%u renames\n", at);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_amid_renames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
