// The whole server in a child process: start, stop, reload, and what it refuses.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "server/config_file.h"
#include "server/server.h"
#include "support/http_client.h"

struct child {
    pid_t pid;
    uint16_t port;
    char log[600];
};

static char log_text[1 << 16];

static const char *read_log(const struct child *c) {
    int fd = open(c->log, O_RDONLY);
    ssize_t n = read(fd, log_text, sizeof log_text - 1);
    close(fd);
    log_text[n > 0 ? n : 0] = 0;
    return log_text;
}

/// Flags as name, value, ..., NULL; `file` may be NULL.
static void child_start(struct child *c, const char *file, const char *const *flags) {
    static unsigned number;
    snprintf(c->log, sizeof c->log, "%s/log%u", test_tmpdir(), number++);
    c->pid = fork();
    assert_true(c->pid >= 0);
    if (c->pid == 0) {
        int fd = open(c->log, O_CREAT | O_WRONLY | O_APPEND, 0600);
        dup2(fd, 2);
        struct config config;
        struct reason why = {0};
        enum status st = config_init(&config);
        if (st == STATUS_OK && file) st = config_file_load(&config, file, &why);
        if (st == STATUS_OK) st = config_set_flag(&config, STR("--resp"), STR("127.0.0.1:0"), &why);
        for (; st == STATUS_OK && *flags; flags += 2) {
            st = config_set_flag(&config, str_of(flags[0]), str_of(flags[1]), &why);
        }
        if (st != STATUS_OK) dprintf(2, "%s\n", why.text);
        int code = st == STATUS_OK ? server_run(&config) : 2;
        config_deinit(&config);
        exit(code); // with the leak check of sanitizers
    }
}

/// Waits until it says that it is ready, and takes the port from there.
static void child_ready(struct child *c) {
    for (int i = 0; i < 2000; i++) {
        const char *ready = strstr(read_log(c), " ready address=127.0.0.1:");
        if (ready) {
            c->port = (uint16_t)strtoul(ready + 25, NULL, 10);
            return;
        }
        usleep(10000);
    }
    fail_msg("not ready: %s", read_log(c));
}

static void await_log(struct child *c, const char *text) {
    for (int i = 0; i < 1000; i++) {
        if (strstr(read_log(c), text)) return;
        usleep(10000);
    }
    fail_msg("no \"%s\" in %s", text, read_log(c));
}

static int child_wait(struct child *c) {
    for (int i = 0; i < 2000; i++) {
        int status;
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        }
        usleep(10000);
    }
    kill(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    fail_msg("did not end: %s", read_log(c));
    return -1;
}

static int child_stop(struct child *c) {
    kill(c->pid, SIGTERM);
    return child_wait(c);
}

static int ask(struct child *c, const char *request, struct answer *a) {
    struct client client;
    client_open(&client, c->port);
    client_say(&client, request);
    assert_true(client_answer(&client, a, false));
    client_close(&client);
    return a->status;
}

static int status_of(struct child *c, const char *request) {
    struct answer a;
    int status = ask(c, request, &a);
    buf_deinit(&a.body);
    return status;
}

// A worker sees a connection's end a moment after the client has closed it, so the figure is asked for until it comes.
static bool metrics_come_to_say(struct child *c, const char *line) {
    for (int i = 0; i < 200; i++) {
        struct answer a;
        int status = ask(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", &a);
        bool said = status == 200 && memmem(a.body.data, a.body.len, line, strlen(line));
        buf_deinit(&a.body);
        if (said) return true;
        usleep(20000);
    }
    return false;
}

#define H " HTTP/1.1\r\nHost: localhost\r\n"

static void test_life(void **state) {
    (void)state;
    const char *data = test_tmpdir();
    const char *flags[] = {"--listen", "127.0.0.1:0", "--data", data, "--wal-mode",
                           "always",   "--threads",   "2",      NULL};
    struct child c;
    child_start(&c, NULL, flags);
    child_ready(&c);
    assert_int_equal(status_of(&c, "GET /readyz" H "\r\n"), 200);
    assert_int_equal(status_of(&c, "GET /livez" H "\r\n"), 200);
    assert_int_equal(status_of(&c, "GET /nothing" H "\r\n"), 404);
    for (int i = 0; i < 20; i++) { // both workers, each answer waits for its fdatasync
        char text[256];
        snprintf(
            text, sizeof text,
            "PUT /api/v1/objects/o%d" H
            "Content-Type: application/json\r\nContent-Length: 23\r\n\r\n{\"coordinates\":[10,20]}",
            i);
        assert_int_equal(status_of(&c, text), 201);
    }
    assert_true(metrics_come_to_say(&c, "\nwarp_http_connections 1\n"));
    assert_true(metrics_come_to_say(&c, "warp_build_info"));
    assert_int_equal(child_stop(&c), 0);
    assert_non_null(strstr(read_log(&c), "stopped"));

    child_start(&c, NULL, flags); // still there
    child_ready(&c);
    assert_non_null(strstr(read_log(&c), "objects=20"));
    assert_int_equal(status_of(&c, "GET /api/v1/objects/o7" H "\r\n"), 200);

    // The same directory, the same port: refused, and the first goes on.
    struct child second;
    child_start(&second, NULL, flags);
    assert_int_equal(child_wait(&second), 1);
    assert_non_null(strstr(read_log(&second), data));
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", c.port);
    const char *taken[] = {"--listen", address, "--data", test_tmpdir(), NULL};
    child_start(&second, NULL, taken);
    assert_int_equal(child_wait(&second), 1);
    assert_non_null(strstr(read_log(&second), "is taken by another program"));
    assert_int_equal(status_of(&c, "GET /api/v1/objects/o7" H "\r\n"), 200);
    assert_int_equal(child_stop(&c), 0);
}

static void test_kill_loses_nothing(void **state) {
    (void)state;
    const char *flags[] = {"--listen",   "127.0.0.1:0", "--data", test_tmpdir(),
                           "--wal-mode", "always",      NULL};
    struct child c;
    child_start(&c, NULL, flags);
    child_ready(&c);
    static const char put[] = "PUT /api/v1/objects/x" H "Content-Type: application/json\r\n"
                              "Content-Length: 23\r\n\r\n{\"coordinates\":[10,20]}";
    assert_int_equal(status_of(&c, put), 201);
    kill(c.pid, SIGKILL);
    assert_int_equal(child_wait(&c), -SIGKILL);
    child_start(&c, NULL, flags);
    child_ready(&c);
    assert_int_equal(status_of(&c, "GET /api/v1/objects/x" H "\r\n"), 200);
    assert_int_equal(child_stop(&c), 0);
}

/// The files of the child may not grow above this: to it a disk that is full.
static void limit_files(const struct child *c, rlim_t bytes) {
    struct rlimit limit = {bytes, RLIM_INFINITY};
    assert_int_equal(prlimit(c->pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

static void big_put(struct buf *out, const char *id) {
    enum { FILL = 200000 };
    static const char head[] = "{\"coordinates\":[1,2],\"properties\":{\"fill\":\"",
                      tail[] = "\"}}";
    buf_clear(out);
    buf_printf(out, "PUT /api/v1/objects/%s" H, id);
    buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               sizeof head - 1 + FILL + sizeof tail - 1, head);
    memset(buf_reserve(out, FILL), 'x', FILL);
    out->len += FILL;
    buf_append(out, tail, sizeof tail); // with its end
}

/// The write that meets the full disk is answered, as those after it are; with room again all of it is kept.
static void test_full_disk(void **state) {
    (void)state;
    static const char *const modes[] = {"always", "interval"};
    for (int mode = 0; mode < 2; mode++) {
        const char *flags[] = {"--listen",   "127.0.0.1:0", "--data", test_tmpdir(),
                               "--wal-mode", modes[mode],   NULL};
        struct child c;
        struct client client;
        struct answer a;
        struct buf put;
        buf_init(&put);
        child_start(&c, NULL, flags);
        child_ready(&c);
        client_open(&client, c.port);
        limit_files(&c, 100000);
        uint64_t start = clock_mono_ns();
        for (int i = 0; i < 3; i++) { // on one connection
            big_put(&put, i ? "refused" : "held");
            client_say(&client, put.data);
            assert_true(client_answer(&client, &a, false));
            assert_int_equal(a.status, 503);
            assert_non_null(strcasestr(a.head, "retry-after: "));
            bool held = memmem(a.body.data, a.body.len, "not known to be lost", 20) != NULL;
            assert_int_equal(held, i == 0);
            assert_non_null(memmem(a.body.data, a.body.len, "File too large", 14));
            buf_deinit(&a.body);
        }
        assert_true(clock_mono_ns() - start < 5000000000u);
        client_say(&client, "GET /api/v1/objects/held" H "\r\n");
        assert_true(client_answer(&client, &a, false));
        assert_int_equal(a.status, 200);
        buf_deinit(&a.body);
        limit_files(&c, RLIM_INFINITY);
        await_log(&c, "writes are accepted again");
        big_put(&put, "after");
        assert_int_equal(status_of(&c, put.data), 201);
        assert_int_equal(child_stop(&c), 0);

        child_start(&c, NULL, flags);
        child_ready(&c);
        assert_int_equal(status_of(&c, "GET /api/v1/objects/held" H "\r\n"), 200);
        assert_int_equal(status_of(&c, "GET /api/v1/objects/refused" H "\r\n"), 404);
        limit_files(&c, 100000);
        big_put(&put, "lost");
        assert_int_equal(status_of(&c, put.data), 503);
        start = clock_mono_ns();
        assert_int_equal(child_stop(&c), 1); // and not before long
        assert_true(clock_mono_ns() - start < 5000000000u);
        assert_non_null(strstr(read_log(&c), "lost_batches=1"));
        client_close(&client);
        buf_deinit(&put);
    }
}

static void test_memory_only(void **state) {
    (void)state;
    const char *data = test_tmpdir();
    const char *flags[] = {"--listen",      "127.0.0.1:0", "--data", data,
                           "--wal-enabled", "false",       NULL};
    struct child c;
    child_start(&c, NULL, flags);
    child_ready(&c);
    assert_int_equal(status_of(&c, "PUT /api/v1/objects/x" H "Content-Type: application/json\r\n"
                                   "Content-Length: 23\r\n\r\n{\"coordinates\":[10,20]}"),
                     201);
    assert_int_equal(child_stop(&c), 0);
    assert_int_equal(rmdir(data), 0); // nothing was written
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *flag, *value, *says;
    } cases[] = {
        {"--listen", "0.0.0.0:0", "authentication"},
        {"--auth-secret", "s3cret", "not available yet"},
        {"--data", "/proc/nowhere", "/proc/nowhere"},
        {"--listen", "nonsense", "HOST:PORT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *flags[] = {"--listen",    "127.0.0.1:0",  "--data", test_tmpdir(),
                               cases[i].flag, cases[i].value, NULL};
        struct child c;
        child_start(&c, NULL, flags);
        assert_int_equal(child_wait(&c), 1);
        if (!strstr(read_log(&c), cases[i].says)) fail_msg("%s", read_log(&c));
        assert_null(strstr(log_text, "s3cret"));
    }
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void test_reload(void **state) {
    (void)state;
    char file[600], good[800], text[1000];
    snprintf(file, sizeof file, "%s/warp.yaml", test_tmpdir());
    snprintf(good, sizeof good, "listen: 127.0.0.1:0\ndata_root: %s\n", test_tmpdir());
    write_file(file, good);
    struct child c;
    child_start(&c, file, (const char *const[]){NULL});
    child_ready(&c);
    static const char put[] = "PUT /api/v1/objects/x" H "Content-Type: application/json\r\n"
                              "Content-Length: 1100\r\n\r\n";
    char body[1101];
    snprintf(body, sizeof body, "{\"coordinates\":[10,20]%1077s}", "");
    snprintf(text, sizeof text,
             "%slimits: {body_bytes: 1k}\nlog: {level: debug}\nthreads: 5\ncors: {origins: '*'}\n",
             good);
    struct buf request;
    buf_init(&request);
    buf_append_str(&request, str_of(put));
    buf_append(&request, body, 1100);
    buf_append_char(&request, 0);
    assert_int_equal(status_of(&c, request.data), 201);
    write_file(file, text);
    kill(c.pid, SIGHUP);
    await_log(&c, "configuration read again");
    assert_non_null(
        strstr(read_log(&c), "configuration taken up key=limits.body_bytes value=1KiB"));
    assert_non_null(strstr(log_text, "configuration change needs a restart key=threads value=5"));
    assert_int_equal(status_of(&c, request.data), 413);
    struct answer a;
    ask(&c, "GET /livez HTTP/1.1\r\nHost: localhost\r\nOrigin: https://x.example\r\n\r\n", &a);
    assert_non_null(strcasestr(a.head, "access-control-allow-origin"));
    buf_deinit(&a.body);
    await_log(&c, "DEBUG request method=GET path=/livez");

    snprintf(text, sizeof text, "%slimits: {body_bites: 1k}\n", good);
    write_file(file, text);
    kill(c.pid, SIGHUP);
    await_log(&c, "the configuration stays as it was");
    assert_non_null(strstr(log_text, "limits.body_bites"));
    assert_int_equal(status_of(&c, "GET /livez" H "\r\n"), 200);
    buf_deinit(&request);
    assert_int_equal(child_stop(&c), 0);
}

static void test_systemd(void **state) {
    (void)state;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s/notify", test_tmpdir());
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    setenv("NOTIFY_SOCKET", a.sun_path, 1);
    setenv("WATCHDOG_USEC", "200000", 1);
    unsetenv("WATCHDOG_PID");
    struct child c;
    const char *flags[] = {"--listen", "127.0.0.1:0", "--data", test_tmpdir(), NULL};
    child_start(&c, NULL, flags);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    child_ready(&c);
    char all[4096] = "";
    unsigned beats = 0;
    for (int i = 0; i < 40; i++) {
        struct pollfd p = {fd, POLLIN, 0};
        char text[256];
        if (poll(&p, 1, 5000) != 1) break;
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = 0;
        if (strlen(all) + strlen(text) + 2 < sizeof all) strcat(strcat(all, text), "|");
        if (strcmp(text, "WATCHDOG=1") == 0 && ++beats == 3) kill(c.pid, SIGHUP);
        if (strstr(text, "RELOADING=1")) kill(c.pid, SIGTERM);
        if (strstr(text, "STOPPING=1")) break;
    }
    assert_int_equal(child_wait(&c), 0);
    const char *ready = strstr(all, "READY=1");
    assert_non_null(ready);
    assert_true(beats >= 3);
    assert_non_null(strstr(ready, "RELOADING=1\nMONOTONIC_USEC="));
    assert_non_null(strstr(ready, "STOPPING=1"));
    close(fd);
}

/// A second signal while a request keeps the server from ending.
static void test_second_signal(void **state) {
    (void)state;
    const char *flags[] = {"--listen", "127.0.0.1:0", "--data", test_tmpdir(), NULL};
    struct child c;
    struct client half;
    child_start(&c, NULL, flags);
    child_ready(&c);
    client_open(&half, c.port);
    client_say(&half, "GET /livez HTTP/1.1\r\nHo");
    usleep(200000);
    kill(c.pid, SIGTERM);
    await_log(&c, "stopping");
    assert_int_equal(waitpid(c.pid, NULL, WNOHANG), 0);
    kill(c.pid, SIGTERM);
    uint64_t start = clock_mono_ns();
    assert_int_equal(child_wait(&c), 1);
    assert_true(clock_mono_ns() - start < 5000000000u);
    client_close(&half);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),          cmocka_unit_test(test_kill_loses_nothing),
        cmocka_unit_test(test_memory_only),   cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_reload),        cmocka_unit_test(test_systemd),
        cmocka_unit_test(test_second_signal), cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
