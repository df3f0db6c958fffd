// bench_command.c - warpengine bench SUITE.

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench_suites.h"
#include "cli/command.h"

static const struct {
    const char *name;
    enum status (*run)(struct bench *b, struct reason *why); // NULL: to come
    size_t objects;
} suites[] = {
    {"spatial", bench_spatial, 1000000},
    {"storage", bench_storage, 1000000},
    {"geofence", bench_geofence, 100000},
    {"gpu", NULL, 0},
    {"global", NULL, 0},
    {"physics", NULL, 0},
    {"realtime", NULL, 0},
};

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw) {
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int run_suite(size_t i, struct bench *b) {
    char dir[4096];
    const char *tmp = getenv("TMPDIR");
    struct reason why = {0};
    snprintf(dir, sizeof dir, "%.4000s/warp-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) return command_fail(CLI_FAILED, "cannot make %s; set TMPDIR", dir);
    b->dir = dir;
    if (b->json) {
        printf("{\"suite\":\"%s\",\"version\":\"%s\",\"objects\":%zu,\"seed\":%llu,\"cases\":[",
               b->suite, WARP_VERSION, b->objects, (unsigned long long)b->seed);
    } else {
        printf("%s: %zu objects, seed %llu\n", b->suite, b->objects, (unsigned long long)b->seed);
    }
    enum status st = suites[i].run(b, &why);
    if (b->json) printf("\n]}\n");
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (st == STATUS_OK) return CLI_DONE;
    return command_fail(CLI_FAILED, "%s", why.text[0] ? why.text : status_text(st));
}

static int run_peers(const struct options *options) {
    struct reason why = {0};
    const char *dir = options_get(options, "data");
    struct bench_lines lines = {.tsv = options_has(options, "tsv"),
                                .only = options_get(options, "only"),
                                .sets = options_get(options, "sets")};
    if (!dir) return command_fail(CLI_USAGE, "peers needs --data DIR with the workload files");
    if (options_has(options, "json") || options_get(options, "objects") ||
        options_get(options, "seed")) {
        return command_fail(CLI_USAGE, "peers takes --data, --tsv, --only and --sets alone");
    }
    enum status st = bench_peers(&lines, dir, &why);
    if (st == STATUS_OK) return CLI_DONE;
    return command_fail(st == STATUS_INVALID ? CLI_USAGE : CLI_FAILED, "%s",
                        why.text[0] ? why.text : status_text(st));
}

static int bench(const struct options *options) {
    struct reason why;
    double objects, seed;
    if (options->argument_count != 1)
        return command_fail(CLI_USAGE, "name one suite: spatial, geofence, storage or peers");
    const char *name = options->arguments[0];
    if (str_eq(str_of(name), STR("peers"))) return run_peers(options);
    if (options_get(options, "data") || options_has(options, "tsv") ||
        options_get(options, "only") || options_get(options, "sets"))
        return command_fail(CLI_USAGE, "--data, --tsv, --only and --sets belong to peers");
    size_t i = 0, count = sizeof suites / sizeof *suites;
    while (i < count && !str_eq(str_of(suites[i].name), str_of(name)))
        i++;
    if (i == count)
        return command_fail(CLI_USAGE, "there is no suite %s: spatial, geofence, storage or peers",
                            name);
    if (!suites[i].run) {
        return command_fail(
            CLI_USAGE, "the suite %s is not there yet: spatial, geofence, storage or peers", name);
    }
    if (options_number(options, "objects", 1000, 1e8, (double)suites[i].objects, &objects, &why) !=
            STATUS_OK ||
        options_number(options, "seed", 0, 4294967295.0, 42, &seed, &why) != STATUS_OK) {
        return command_fail(CLI_USAGE, "%s", why.text);
    }
    struct bench b = {.suite = name,
                      .json = options_has(options, "json"),
                      .objects = (size_t)objects,
                      .seed = (uint64_t)seed};
    return run_suite(i, &b);
}

static const struct option bench_options[] = {
    {"json", NULL, "Tell the figures as JSON."},
    {"objects", "N", "How many objects; default 1000000."},
    {"seed", "N", "Of the random data; default 42."},
    {"data", "DIR", "peers: the workload files that script/bench peers makes."},
    {"tsv", NULL, "peers: lines of tab-separated values."},
    {"only", "NAMES", "peers: such as warp-trie,warp-api; default all."},
    {"sets", "SETS", "peers: of uniform,city,rects,polys,fences10k; default all."},
    {0},
};

const struct command command_bench = {
    .name = "bench",
    .usage = "spatial|storage [--json] [--objects N] [--seed N] | peers --data DIR [--tsv]",
    .summary = "Measure the engine or the store on this machine.",
    .options = bench_options,
    .run = bench,
};
