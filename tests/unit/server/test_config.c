#include <fcntl.h>

#include "base/mem.h"
#include "server/config.h"
#include "server/config_file.h"
#include "server/config_reload.h"
#include "server/config_value.h"
#include "support/support.h"

static struct config config;

static int setup(void **state) {
    (void)state;
    return config_init(&config) != STATUS_OK;
}

static int teardown(void **state) {
    (void)state;
    config_deinit(&config);
    return 0;
}

static void test_defaults(void **state) {
    (void)state;
    struct reason why = {0};
    assert_string_equal(config.listen, "127.0.0.1:4000");
    assert_string_equal(config.data_root, "./data");
    assert_true(config.wal_enabled);
    assert_int_equal(config.wal_mode, STORAGE_INTERVAL);
    assert_int_equal(config.wal_sync_interval_ms, 1000);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.limit_body_bytes, 1 << 20);
    assert_int_equal(config.limit_batch_bytes, 64 << 20);
    assert_int_equal(config.timeout_idle_ms, 75000);
    assert_int_equal(config_index_kind(&config), INDEX_QUADTREE);
    assert_int_equal(config_check(&config, &why), STATUS_OK);
}

static void test_precedence(void **state) {
    (void)state;
    struct reason why = {0};
    char *environment[] = {"PATH=/bin", "WARP_LISTEN=127.0.0.1:2", "WARP_WAL_SYNC_INTERVAL=250",
                           "WARP_THREADS=3", NULL};
    // Whatever the order in which they are read.
    assert_int_equal(config_set_flag(&config, STR("--listen"), STR("127.0.0.1:3"), &why),
                     STATUS_OK);
    assert_int_equal(config_load_env(&config, environment, NULL, NULL, &why), STATUS_OK);
    assert_int_equal(
        config_file_parse(
            &config,
            STR("listen: 127.0.0.1:1\nthreads: 9\n"
                "wal:\n  mode: always\n  sync_interval: 2s\n"
                "limits: {body_bytes: 2MiB}\n"
                "cors:\n  origins:\n    - https://a.example\n    - https://b.example\n"),
            "warp.yaml", &why),
        STATUS_OK);
    assert_string_equal(config.listen, "127.0.0.1:3");
    assert_int_equal(config.threads, 3);
    assert_int_equal(config.wal_sync_interval_ms, 250);
    assert_int_equal(config.wal_mode, STORAGE_ALWAYS);
    assert_int_equal(config.limit_body_bytes, 2 << 20);
    assert_string_equal(config.cors_origins, "https://a.example,https://b.example");
}

static void expect_file(const char *text, enum status st, const char *says) {
    struct config c;
    struct reason why = {0};
    assert_int_equal(config_init(&c), STATUS_OK);
    enum status got = config_file_parse(&c, str_of(text), "f.yaml", &why);
    if (got != st || (says && !strstr(why.text, says))) {
        fail_msg("%s\ngave %s: %s", text, status_name(got), why.text);
    }
    config_deinit(&c);
}

static void test_file_errors(void **state) {
    (void)state;
    expect_file("", STATUS_OK, NULL);
    expect_file("# nothing\n", STATUS_OK, NULL);
    expect_file("---\n...\n", STATUS_OK, NULL);
    expect_file("region:\n", STATUS_OK, NULL);
    expect_file("wal:\n  mod: off\n", STATUS_NOT_FOUND,
                "f.yaml line 2: unknown key \"wal.mod\"; did you mean \"wal.mode\"?");
    expect_file("frobnicate: 1\n", STATUS_NOT_FOUND, "line 1: unknown key \"frobnicate\"");
    expect_file("\nlimits:\n  results: many\n", STATUS_INVALID,
                "line 3: limits.results: \"many\" is not a whole number");
    expect_file("limits.results: 5\n", STATUS_OK, NULL);
    expect_file("limits: {results: 0}\n", STATUS_INVALID, "from 1 to");
    expect_file("wal: {mode: sometimes}\n", STATUS_INVALID, "always, interval, off");
    expect_file("wal: {enabled: perhaps}\n", STATUS_INVALID, "true or false");
    expect_file("timeouts: {idle: -1s}\n", STATUS_INVALID, "a time such as");
    expect_file("limits: {body_bytes: 1}\n", STATUS_INVALID, "a size such as");
    expect_file("region: a\nregion: b\n", STATUS_INVALID, "twice");
    expect_file("limits: {results: 5}\nlimits: {connections: 5}\n", STATUS_INVALID, "twice");
    expect_file("wal: [a, b]\n", STATUS_NOT_FOUND, "unknown key \"wal\"");
    expect_file("cors: {origins: [[a]]}\n", STATUS_INVALID, "plain values");
    expect_file("region: &a x\ndatacenter: *a\n", STATUS_INVALID, "aliases");
    expect_file("- a\n", STATUS_INVALID, "key: value");
    expect_file("just words\n", STATUS_INVALID, "key: value");
    expect_file("region: b: c\n", STATUS_INVALID, "line 1");
    expect_file("region: \"unfinished\n", STATUS_INVALID, "line");
    expect_file("region: a\n---\nregion: b\n", STATUS_INVALID, "second document");
    expect_file("{[a]: b}\n", STATUS_INVALID, "plain word");
    expect_file("a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", STATUS_INVALID, "deeply");
    expect_file("region: \"\\x07\"\n", STATUS_INVALID, "control");
    expect_file("\xff\xfe", STATUS_OK, NULL); // UTF-16, empty
    expect_file("\xff\xff\xff", STATUS_INVALID, "line");
}

static void test_flags(void **state) {
    (void)state;
    struct reason why = {0};
    assert_int_equal(config_set_flag(&config, STR("--data"), STR("/x"), &why), STATUS_OK);
    assert_string_equal(config.data_root, "/x");
    assert_int_equal(config_set_flag(&config, STR("--limits-header-bytes"), STR("2k"), &why),
                     STATUS_OK);
    assert_int_equal(config.limit_header_bytes, 2048);
    assert_true(config_is_flag(STR("--wal-mode")));
    assert_false(config_is_flag(STR("--wal")));
    assert_int_equal(config_set_flag(&config, STR("--lisen"), STR("x"), &why), STATUS_NOT_FOUND);
    assert_non_null(strstr(why.text, "did you mean --listen?"));
    assert_int_equal(config_set_flag(&config, STR("--threads"), STR("-1"), &why), STATUS_INVALID);
    assert_non_null(strstr(why.text, "--threads"));
}

static unsigned warnings;
static char warning[256];

static void on_warn(void *ctx, const char *line) {
    (void)ctx;
    warnings++;
    snprintf(warning, sizeof warning, "%s", line);
}

static void test_environment(void **state) {
    (void)state;
    struct reason why = {0};
    char *environment[] = {
        "WARP_WAL_MOD=off", "WARP_SEED=7",       "WARP_CLUSTER_SECRET=x", "WARPED=1",
        "WARP_REGION=eu",   "WARP_DATA_ROOT=/d", "WARP_THREADS",          NULL};
    assert_int_equal(config_load_env(&config, environment, on_warn, NULL, &why), STATUS_INVALID);
    environment[6] = NULL;
    warnings = 0;
    assert_int_equal(config_load_env(&config, environment, on_warn, NULL, &why), STATUS_OK);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "WARP_WAL_MODE?"));
    assert_string_equal(config.region, "eu");
    assert_string_equal(config.data_root, "/d");
    environment[0] = "WARP_LIMITS_RESULTS=x";
    assert_int_equal(config_load_env(&config, environment, NULL, NULL, &why), STATUS_INVALID);
    assert_non_null(strstr(why.text, "WARP_LIMITS_RESULTS"));
}

static void test_protected_mode(void **state) {
    (void)state;
    static const char *const refused[] = {"0.0.0.0:4000", ":4000", "[::]:4000", "192.0.2.1:4000"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct reason why = {0};
        config.sources[0] = CONFIG_FROM_DEFAULT;
        assert_int_equal(config_set_flag(&config, STR("--listen"), str_of(refused[i]), &why),
                         STATUS_OK);
        assert_int_equal(config_check(&config, &why), STATUS_INVALID);
        assert_non_null(strstr(why.text, "authentication"));
    }
    struct reason why = {0};
    assert_int_equal(config_set_flag(&config, STR("--listen"), STR("[::1]:0"), &why), STATUS_OK);
    assert_int_equal(config_check(&config, &why), STATUS_OK);
    assert_int_equal(config_set_flag(&config, STR("--auth-secret"), STR("hunter2"), &why),
                     STATUS_OK);
    assert_int_equal(config_check(&config, &why), STATUS_NOT_IMPLEMENTED);
    assert_null(strstr(why.text, "hunter2"));
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
        config_show(&config, i, &b);
    assert_null(memmem(b.data, b.len, "hunter2", 7));
    buf_deinit(&b);
}

static void test_units(void **state) {
    (void)state;
    uint32_t ms;
    static const struct {
        const char *text;
        uint32_t ms;
    } good[] = {{"0", 0},       {"5", 5000},     {"1.5", 1500}, {"250ms", 250},   {"2s", 2000},
                {"3m", 180000}, {"1h", 3600000}, {"2 s", 2000}, {"1d", 86400000}, {"0.001s", 1}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(config_value_parse_ms(str_of(good[i].text), 1000, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    static const char *const bad[] = {"",    "s",   "-1",      "1x",  "1e99",
                                      "nan", "50d", "0.0001s", "1 2", "1ss"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (config_value_parse_ms(str_of(bad[i]), 1000, &ms)) fail_msg("%s", bad[i]);
    }
}

static void test_reload(void **state) {
    (void)state;
    struct reason why = {0};
    const char *dir = test_tmpdir();
    char path[600];
    snprintf(path, sizeof path, "%s/warp.yaml", dir);
    FILE *f = fopen(path, "w");
    fputs("log: {level: warn}\nlisten: 127.0.0.1:5\nregion: eu\n", f);
    fclose(f);
    char *environment[] = {"WARP_DATACENTER=d", NULL};
    assert_int_equal(config_set_flag(&config, STR("--listen"), STR("127.0.0.1:6"), &why),
                     STATUS_OK);
    assert_int_equal(config_file_load(&config, path, &why), STATUS_OK);
    f = fopen(path, "w");
    fputs("log: {level: debug}\nlisten: 127.0.0.1:7\n", f);
    fclose(f);
    struct config fresh;
    assert_int_equal(config_reload(&config, environment, &fresh, &why), STATUS_OK);
    assert_string_equal(fresh.listen, "127.0.0.1:6");
    assert_int_equal(fresh.log_level, LOG_DEBUG);
    assert_string_equal(fresh.region, "");
    assert_string_equal(fresh.datacenter, "d");
    assert_string_equal(fresh.file, path);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const char *name = config_key(i)->name;
        bool differs =
            !strcmp(name, "log.level") || !strcmp(name, "region") || !strcmp(name, "datacenter");
        assert_int_equal(config_same(&config, &fresh, i), !differs);
    }
    config_deinit(&fresh);
    unlink(path);
    assert_int_equal(config_reload(&config, environment, &fresh, &why), STATUS_IO);
    assert_non_null(strstr(why.text, path));
}

/// Every key has a line in docs/configuration.md with its name, variable, flag and default.
static void test_documented(void **state) {
    (void)state;
    const char *root = getenv("WARP_SOURCE_DIR");
    char path[600];
    snprintf(path, sizeof path, "%s/docs/configuration.md", root ? root : ".");
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("%s", path);
    static char text[1 << 16];
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = config_key(i);
        char env[64], flag[64], row[512];
        config_env_name(key, env, sizeof env);
        config_flag_name(key, flag, sizeof flag);
        snprintf(row, sizeof row, "| `%s` | `%s` | `%s` | %s%s%s |", key->name, env, flag,
                 *key->fallback ? "`" : "", key->fallback, *key->fallback ? "`" : "");
        if (!strstr(text, row)) fail_msg("missing: %s", row);
    }
    assert_null(config_key(CONFIG_KEY_COUNT));
}

static void test_no_memory(void **state) {
    (void)state;
    size_t before = mem_used();
    bool ended = false;
    for (uint64_t n = 1; !ended; n++) {
        struct config c, copy;
        mem_fail_at(n, false);
        enum status st = config_init(&c);
        if (st == STATUS_OK) {
            st = config_file_parse(&c, STR("cors: {origins: [a, b]}\nregion: x\n"), "f", NULL);
            if (st == STATUS_OK) {
                st = config_copy(&c, &copy);
                if (st == STATUS_OK) config_deinit(&copy);
            }
            config_deinit(&c);
        }
        ended = mem_alloc_count() < n;
        mem_fail_at(0, false);
        assert_int_equal(st, ended ? STATUS_OK : STATUS_NO_MEMORY);
    }
    assert_int_equal(mem_used(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
        cmocka_unit_test(test_file_errors),
        cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_protected_mode, setup, teardown),
        cmocka_unit_test(test_units),
        cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
        cmocka_unit_test(test_documented),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
