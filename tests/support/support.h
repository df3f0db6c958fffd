// support.h - what every test needs: cmocka, a printed seed, a folder that goes away.
//
// Header only. Not for several threads at once.

#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_TMPDIRS_MAX 64
#define TEST_PATH_BYTES 512

static struct {
    pid_t owner; // a forked child must not remove its parent's folder
    unsigned count;
    char root[TEST_PATH_BYTES];
    char names[TEST_TMPDIRS_MAX][TEST_PATH_BYTES + 16];
} test_tmp;

/// WARP_SEED (any base strtoull reads) or a random number; printed, so that a failure can be run again.
static inline uint64_t test_seed(void) {
    uint64_t seed = 0;
    const char *text = getenv("WARP_SEED");
    if (text && *text) {
        seed = strtoull(text, NULL, 0);
    } else if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = (uint64_t)getpid();
    }
    fprintf(stderr, "WARP_SEED=%" PRIu64 "\n", seed);
    return seed;
}

static inline int test_tmp_remove_one(const char *path, const struct stat *st, int type,
                                      struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void test_tmp_remove(void) {
    if (test_tmp.owner == getpid()) {
        nftw(test_tmp.root, test_tmp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

/// A new empty folder under $TMPDIR or /tmp, removed with all it holds when the test program
/// exits. The path stays valid until then.
static inline const char *test_tmpdir(void) {
    if (test_tmp.count == 0) {
        const char *base = getenv("TMPDIR");
        snprintf(test_tmp.root, sizeof test_tmp.root, "%s/warp-test-XXXXXX",
                 base && *base ? base : "/tmp");
        if (!mkdtemp(test_tmp.root)) {
            perror(test_tmp.root);
            abort();
        }
        test_tmp.owner = getpid();
        atexit(test_tmp_remove);
    }
    if (test_tmp.count == TEST_TMPDIRS_MAX) {
        fprintf(stderr, "test_tmpdir: more than %d folders\n", TEST_TMPDIRS_MAX);
        abort();
    }
    char *name = test_tmp.names[test_tmp.count];
    snprintf(name, sizeof test_tmp.names[0], "%s/%u", test_tmp.root, test_tmp.count++);
    if (mkdir(name, 0700) != 0) {
        perror(name);
        abort();
    }
    return name;
}

#endif
