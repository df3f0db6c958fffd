// respbench.c - load for a server that speaks RESP: Tile38's commands, or Redis' GEO commands.
//
// One thread, non-blocking sockets, no dependencies, fast enough not to be what is measured. Every command has fresh
// random positions: one fixed point would measure a cache. A pipeline's time runs from its first byte out to the last
// byte of each of its replies.
//
//   respbench --port 9851 --pid PID --pipeline 64 --seconds 3 set near10_1km      one line of TSV each
//   respbench --list

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define METRES_A_DEGREE 111320.0
#define PI 3.14159265358979323846

enum {
    ARGS_MAX = 32,
    CLIENTS_MAX = 1000,
    READ_BYTES = 256 << 10,
    STEPS = 64, // of the histogram, an octave
    BUCKETS = STEPS * 40,
};

// A word of a template is itself, or:
//   @id @seq     a random id; 0, 1, 2 ...        @key        the key
//   @at          LAT LON anywhere                @home       LAT LON of the id before, always the same
//   @step:M      LAT LON of the id before, at most M metres from where it was last
//   @box:M       MINLAT MINLON MAXLAT MAXLON     @poly:M     GeoJSON of 12 corners, M metres across
//   @spot        LAT LON of the middle           a trailing ~ swaps latitude and longitude (Redis)
struct preset {
    const char *name, *words;
};
static const struct preset presets[] = {
    {"ping", "PING"},
    {"load", "SET @key @seq POINT @home"},
    {"set", "SET @key @id POINT @at"},
    {"move", "SET @key @id POINT @step:50"},
    {"set_field", "SET @key @id FIELD speed @number POINT @at"},
    {"get", "GET @key @id POINT"},
    {"get_object", "GET @key @id"},
    {"near10_1km", "NEARBY @key LIMIT 10 IDS POINT @at 1000"},
    {"near10_10km", "NEARBY @key LIMIT 10 IDS POINT @at 10000"},
    {"near100_10km", "NEARBY @key LIMIT 100 IDS POINT @at 10000"},
    {"nearest10", "NEARBY @key LIMIT 10 IDS POINT @at"},
    {"within_1km", "WITHIN @key IDS BOUNDS @box:1000"},
    {"within_10km", "WITHIN @key IDS BOUNDS @box:10000"},
    {"intersects_1km", "INTERSECTS @key IDS BOUNDS @box:1000"},
    {"count_10km", "WITHIN @key COUNT BOUNDS @box:10000"},
    {"count_100km", "WITHIN @key COUNT BOUNDS @box:100000"},
    {"fence", "SETCHAN fence@seq WITHIN @key FENCE DETECT enter,exit OBJECT @poly:1000"},
    {"spot_load", "SET @key @seq POINT @spot"},
    {"spot_set", "SET @key @id POINT @spot"},
    {"spot_near10", "NEARBY @key LIMIT 10 IDS POINT @spot 1000"},
    {"spot_nearest10", "NEARBY @key LIMIT 10 IDS POINT @at"},
    {"spot_count", "WITHIN @key COUNT BOUNDS @spotbox"},
    {"hot_key", "SET @key one POINT @at"},
    {"redis_load", "GEOADD @key @home~ @seq"},
    {"redis_set", "GEOADD @key @at~ @id"},
    {"redis_get", "GEOPOS @key @id"},
    {"redis_near10_1km", "GEOSEARCH @key FROMLONLAT @at~ BYRADIUS 1000 m ASC COUNT 10"},
    {"redis_near100_10km", "GEOSEARCH @key FROMLONLAT @at~ BYRADIUS 10000 m ASC COUNT 100"},
    {"redis_box_1km", "GEOSEARCH @key FROMLONLAT @at~ BYBOX 1000 1000 m"},
};
enum { PRESETS = sizeof presets / sizeof presets[0] };

struct bytes {
    char *data;
    size_t len, cap;
};

struct connection {
    int fd;
    bool waits_to_write;
    unsigned in_flight;
    uint64_t sent_ns;
    struct bytes out;
    size_t written;
    char *in;
    size_t in_len;
    // The reply being read: values still to come, bytes of a bulk still to pass over, items of its first arrays.
    uint64_t values, skip, items;
    unsigned arrays;
};

static struct {
    const char *key;
    int port, pid;
    unsigned clients, pipeline;
    uint64_t ops, range, seed, seq;
    double seconds;
    double min_lat, min_lon, max_lat, max_lon;
} o = {.key = "fleet",
       .port = 9851,
       .clients = 50,
       .pipeline = 64,
       .ops = UINT64_MAX,
       .range = 1000000,
       .seed = 42,
       .min_lat = 40,
       .min_lon = -5,
       .max_lat = 50,
       .max_lon = 5};

static struct connection connections[CLIENTS_MAX];
static int epoll_fd;
static uint64_t random_state, last_id;
static float *steps; // metres north and east of home, by id
static struct {
    uint64_t done, errors, bytes, items, slowest_ns;
    uint64_t by_ns[BUCKETS];
    char first_error[200];
} seen;

static void fail(const char *what) {
    fprintf(stderr, "respbench: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// --- commands ---

static uint64_t mix(uint64_t z) { // splitmix64
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t next_random(void) {
    return mix(random_state += 0x9e3779b97f4a7c15u);
}

static double part(uint64_t bits) { // 0..1
    return (double)(bits >> 11) * 0x1p-53;
}

struct place {
    double lat, lon;
};

static struct place place_of(uint64_t a, uint64_t b) {
    return (struct place){o.min_lat + part(a) * (o.max_lat - o.min_lat),
                          o.min_lon + part(b) * (o.max_lon - o.min_lon)};
}

static struct place moved(struct place p, double north_m, double east_m) {
    double lat = p.lat + north_m / METRES_A_DEGREE;
    double lon = p.lon + east_m / METRES_A_DEGREE / cos(p.lat * PI / 180);
    return (struct place){fmin(fmax(lat, -90), 90), fmin(fmax(lon, -180), 180)};
}

static struct place home_of(uint64_t id) {
    uint64_t h = mix(id * 0x9e3779b97f4a7c15u + 1);
    return place_of(h, mix(h + 1));
}

static struct place stepped(uint64_t id, double metres) {
    float *at = &steps[id % o.range * 2];
    double angle = part(next_random()) * 2 * PI, far = part(next_random()) * metres;
    at[0] += (float)(far * sin(angle));
    at[1] += (float)(far * cos(angle));
    return moved(home_of(id), (double)at[0], (double)at[1]);
}

static void add(struct bytes *b, const char *text, size_t len) {
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2 + 256;
        b->data = realloc(b->data, b->cap);
        if (!b->data) fail("no memory");
    }
    memcpy(b->data + b->len, text, len);
    b->len += len;
}

static void add_arg(struct bytes *b, const char *text, size_t len) {
    char head[24];
    add(b, head, (size_t)snprintf(head, sizeof head, "$%zu\r\n", len));
    add(b, text, len);
    add(b, "\r\n", 2);
}

// Seven decimals without printf: a client that formats doubles slowly would be what is measured.
static size_t write_degrees(char *out, double degrees) {
    char digits[24];
    int64_t v = llround(degrees * 1e7);
    size_t n = 0, len = 0;
    if (v < 0) {
        out[len++] = '-';
        v = -v;
    }
    for (; v || n < 8; v /= 10)
        digits[n++] = (char)('0' + v % 10);
    while (n) {
        out[len++] = digits[--n];
        if (n == 7) out[len++] = '.';
    }
    return len;
}

static void add_degrees(struct bytes *b, double degrees) {
    char text[32];
    add_arg(b, text, write_degrees(text, degrees));
}

static void add_place(struct bytes *b, struct place p, bool swapped) {
    add_degrees(b, swapped ? p.lon : p.lat);
    add_degrees(b, swapped ? p.lat : p.lon);
}

static void add_box(struct bytes *b, struct place p, double metres) {
    add_place(b, moved(p, -metres / 2, -metres / 2), false);
    add_place(b, moved(p, metres / 2, metres / 2), false);
}

static void add_polygon(struct bytes *b, struct place p, double metres) {
    enum { CORNERS = 12 };
    char text[1024];
    size_t len = (size_t)sprintf(text, "{\"type\":\"Polygon\",\"coordinates\":[[");
    for (int i = 0; i <= CORNERS; i++) {
        double angle = i % CORNERS * 2 * PI / CORNERS;
        struct place c = moved(p, metres / 2 * sin(angle), metres / 2 * cos(angle));
        len += (size_t)sprintf(text + len, "%s[%.7f,%.7f]", i ? "," : "", c.lon, c.lat);
    }
    len += (size_t)sprintf(text + len, "]]}");
    add_arg(b, text, len);
}

static struct place middle(void) {
    return (struct place){(o.min_lat + o.max_lat) / 2, (o.min_lon + o.max_lon) / 2};
}

static bool is(const char *word, size_t len, const char *name) {
    size_t n = strlen(name);
    return len >= n && memcmp(word, name, n) == 0 && (len == n || word[n] == ':' || word[n] == '~');
}

static void add_number(struct bytes *b, uint64_t v) {
    char text[24];
    add_arg(b, text, (size_t)sprintf(text, "%llu", (unsigned long long)v));
}

/// The arguments that a word of a template stands for. Returns their number.
static size_t add_word(struct bytes *b, const char *word, size_t len) {
    const char *colon = memchr(word, ':', len);
    double metres = colon ? strtod(colon + 1, NULL) : 0;
    bool swapped = word[len - 1] == '~';
    if (is(word, len, "@key")) {
        add_arg(b, o.key, strlen(o.key));
    } else if (is(word, len, "@id")) {
        add_number(b, last_id = next_random() % o.range);
    } else if (is(word, len, "@seq")) {
        add_number(b, last_id = o.seq++);
    } else if (is(word, len, "@number")) {
        add_number(b, next_random() % 121);
    } else if (is(word, len, "fence@seq")) {
        char name[40];
        add_arg(b, name, (size_t)sprintf(name, "fence%llu", (unsigned long long)o.seq++));
    } else if (is(word, len, "@poly")) {
        add_polygon(b, place_of(next_random(), next_random()), metres);
    } else if (is(word, len, "@box")) {
        add_box(b, place_of(next_random(), next_random()), metres);
        return 4;
    } else if (is(word, len, "@spotbox")) {
        add_box(b, middle(), 1000);
        return 4;
    } else if (word[0] == '@') {
        struct place p = is(word, len, "@home")   ? home_of(last_id)
                         : is(word, len, "@step") ? stepped(last_id, metres)
                         : is(word, len, "@spot") ? middle()
                                                  : place_of(next_random(), next_random());
        add_place(b, p, swapped);
        return 2;
    } else {
        add_arg(b, word, len);
    }
    return 1;
}

// GEOADD names the id behind the position: it is drawn first where the position is that of the id.
static void add_command(struct bytes *b, const char *words) {
    static struct bytes body;
    size_t count = 0;
    body.len = 0;
    if (strstr(words, "@home~")) last_id = o.seq;
    for (const char *word = words; *word;) {
        size_t len = strcspn(word, " ");
        count += add_word(&body, word, len);
        word += len + (word[len] == ' ');
    }
    char head[24];
    add(b, head, (size_t)snprintf(head, sizeof head, "*%zu\r\n", count));
    add(b, body.data, body.len);
}

// --- replies ---

static void note_time(uint64_t ns) {
    if (ns > seen.slowest_ns) seen.slowest_ns = ns;
    unsigned at = (unsigned)ns;
    if (ns >= STEPS) {
        int octave = 63 - __builtin_clzll(ns);
        at = (unsigned)((octave - 5) * STEPS + (int)((ns >> (octave - 6)) & (STEPS - 1)));
    }
    seen.by_ns[at < BUCKETS ? at : BUCKETS - 1]++;
}

static double quantile_us(double q) {
    uint64_t wanted = (uint64_t)ceil(q * (double)seen.done), sum = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        sum += seen.by_ns[i];
        if (sum < wanted || sum == 0) continue;
        if (i < STEPS) return i / 1e3;
        unsigned octave = i / STEPS + 5;
        return ldexp((double)(i % STEPS) + STEPS + 0.5, (int)octave - 6) / 1e3;
    }
    return 0;
}

static void reply_ends(struct connection *c, uint64_t at_ns) {
    note_time(at_ns - c->sent_ns);
    seen.done++;
    seen.items += c->items;
    c->in_flight--;
}

/// One line at c->in + at; how many values it leaves to come is counted in c->values.
static void take_line(struct connection *c, const char *line, size_t len) {
    if (c->values == 0) {
        c->values = 1;
        c->items = c->arrays = 0;
    }
    long long n =
        line[0] == '*' || line[0] == '$' || line[0] == ':' ? strtoll(line + 1, NULL, 10) : 0;
    switch (line[0]) {
    case '*':
        // The outermost array, or the second: [cursor, [results]].
        if (c->arrays++ < 2) c->items = n > 0 ? (uint64_t)n : 0;
        c->values += n > 0 ? (uint64_t)n : 0;
        break;
    case '$':
        if (n >= 0) {
            c->skip = (uint64_t)n + 2;
            return;
        }
        break;
    case ':':
        if (c->arrays == 0) c->items = n > 0 ? (uint64_t)n : 0;
        break;
    case '-':
        if (seen.errors++ == 0)
            snprintf(seen.first_error, sizeof seen.first_error, "%.*s", (int)len, line);
        break;
    default: break;
    }
    c->values--;
}

static void take_bytes(struct connection *c, uint64_t at_ns) {
    size_t at = 0;
    while (at < c->in_len) {
        if (c->skip) {
            size_t n = c->in_len - at < c->skip ? c->in_len - at : (size_t)c->skip;
            c->skip -= n;
            at += n;
            if (c->skip) break;
            c->values--;
        } else {
            char *end = memchr(c->in + at, '\n', c->in_len - at);
            if (!end) break;
            size_t len = (size_t)(end - (c->in + at));
            take_line(c, c->in + at, len);
            at += len + 1;
            if (c->skip) continue;
        }
        if (c->values == 0) reply_ends(c, at_ns);
    }
    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
}

// --- connections ---

static void connect_one(struct connection *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
    c->in = malloc(READ_BYTES);
    if (!c->in) fail("no memory");
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e) != 0) fail("epoll");
}

static void write_some(struct connection *c) {
    while (c->written < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->written, c->out.len - c->written, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) fail("send");
        if (n < 0) break;
        c->written += (size_t)n;
    }
    bool waits = c->written < c->out.len;
    if (!waits) c->out.len = c->written = 0;
    if (waits == c->waits_to_write) return;
    c->waits_to_write = waits;
    struct epoll_event e = {.events = EPOLLIN | (waits ? EPOLLOUT : 0u), .data.ptr = c};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static void read_some(struct connection *c) {
    ssize_t n = recv(c->fd, c->in + c->in_len, READ_BYTES - c->in_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) fail("recv");
    errno = 0;
    if (n == 0) fail("the server closed the connection");
    seen.bytes += (uint64_t)n;
    c->in_len += (size_t)n;
    take_bytes(c, now_ns());
    if (c->in_len == READ_BYTES) fail("a line of a reply is too long");
}

// --- one workload ---

static double server_cpu_s(void) {
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", o.pid);
    FILE *f = o.pid ? fopen(path, "re") : NULL;
    if (!f) return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *after = strrchr(text, ')');
    if (after)
        sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double server_rss_mb(void) {
    char path[64], line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", o.pid);
    FILE *f = o.pid ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "VmRSS:", 6) == 0) kb = strtod(line + 6, NULL);
    }
    if (f) fclose(f);
    return kb / 1024;
}

static double own_cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/// The next pipeline of a connection whose last one is answered.
static void fill(struct connection *c, const char *words, uint64_t *sent, uint64_t until_ns) {
    c->sent_ns = now_ns();
    if (until_ns && c->sent_ns >= until_ns) return;
    for (; c->in_flight < o.pipeline && *sent < o.ops; ++*sent, c->in_flight++)
        add_command(&c->out, words);
    write_some(c);
}

static void run(const struct preset *p) {
    memset(&seen, 0, sizeof seen);
    double server = server_cpu_s(), own = own_cpu_s();
    uint64_t begin = now_ns(), sent = 0;
    uint64_t until = o.seconds > 0 ? begin + (uint64_t)(o.seconds * 1e9) : 0;
    for (unsigned i = 0; i < o.clients; i++)
        fill(&connections[i], p->words, &sent, until);
    while (seen.done < sent) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll_fd, events, 256, 30000);
        if (n == 0) fail("no answer for 30 s");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) write_some(c);
            if (events[i].events & ~(unsigned)EPOLLOUT) read_some(c);
            if (c->in_flight == 0) fill(c, p->words, &sent, until);
        }
    }
    double s = (double)(now_ns() - begin) / 1e9, n = (double)(seen.done ? seen.done : 1);
    printf("%s\t%u\t%u\t%llu\t%.3f\t%.0f\t%.3f\t%.3f\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%llu\t%.1f\n",
           p->name, o.clients, o.pipeline, (unsigned long long)seen.done, s, n / s,
           (server_cpu_s() - server) / n * 1e6, (own_cpu_s() - own) / n * 1e6, quantile_us(0.5),
           quantile_us(0.99), (double)seen.slowest_ns / 1e3, (double)seen.bytes / n,
           (double)seen.items / n, (unsigned long long)seen.errors, server_rss_mb());
    fflush(stdout);
    if (seen.errors) fprintf(stderr, "respbench: %s: %s\n", p->name, seen.first_error);
}

// --- options ---

static const struct preset *find_preset(const char *name) {
    for (size_t i = 0; i < PRESETS; i++) {
        if (strcmp(presets[i].name, name) == 0) return &presets[i];
    }
    fprintf(stderr, "respbench: no workload %s (--list)\n", name);
    exit(2);
}

static bool option(int argc, char **argv, int *i, const char *name, const char **value) {
    if (strcmp(argv[*i], name) != 0) return false;
    if (*i + 1 >= argc) exit(2);
    *value = argv[++*i];
    return true;
}

static int parse(int argc, char **argv, const struct preset **chosen) {
    int count = 0;
    const char *v;
    for (int i = 1; i < argc; i++) {
        if (option(argc, argv, &i, "--port", &v)) {
            o.port = atoi(v);
        } else if (option(argc, argv, &i, "--pid", &v)) {
            o.pid = atoi(v);
        } else if (option(argc, argv, &i, "--clients", &v)) {
            o.clients = (unsigned)atoi(v);
        } else if (option(argc, argv, &i, "--pipeline", &v)) {
            o.pipeline = (unsigned)atoi(v);
        } else if (option(argc, argv, &i, "--ops", &v)) {
            o.ops = strtoull(v, NULL, 10);
        } else if (option(argc, argv, &i, "--seconds", &v)) {
            o.seconds = strtod(v, NULL);
        } else if (option(argc, argv, &i, "--range", &v)) {
            o.range = strtoull(v, NULL, 10);
        } else if (option(argc, argv, &i, "--seed", &v)) {
            o.seed = strtoull(v, NULL, 10);
        } else if (option(argc, argv, &i, "--seq", &v)) {
            o.seq = strtoull(v, NULL, 10);
        } else if (option(argc, argv, &i, "--key", &v)) {
            o.key = v;
        } else if (option(argc, argv, &i, "--area", &v)) {
            if (sscanf(v, "%lf,%lf,%lf,%lf", &o.min_lat, &o.min_lon, &o.max_lat, &o.max_lon) != 4)
                exit(2);
        } else if (strcmp(argv[i], "--list") == 0) {
            for (size_t k = 0; k < PRESETS; k++)
                printf("%-20s %s\n", presets[k].name, presets[k].words);
            exit(0);
        } else if (count < 64) {
            chosen[count++] = find_preset(argv[i]);
        }
    }
    bool bounded = o.ops != UINT64_MAX || o.seconds > 0;
    if (count && bounded && o.clients > 0 && o.clients <= CLIENTS_MAX && o.pipeline && o.range)
        return count;
    fprintf(stderr, "usage: respbench --port N [--pid PID] (--ops N | --seconds S) [--clients 50] "
                    "[--pipeline 64] [--range IDS] [--seq FIRST] [--seed N] [--key K] "
                    "[--area MINLAT,MINLON,MAXLAT,MAXLON] WORKLOAD... | --list\n");
    exit(2);
}

int main(int argc, char **argv) {
    const struct preset *chosen[64];
    int count = parse(argc, argv, chosen);
    random_state = mix(o.seed);
    steps = calloc(o.range * 2, sizeof *steps);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!steps || epoll_fd < 0) fail("start");
    for (unsigned i = 0; i < o.clients; i++)
        connect_one(&connections[i]);
    for (int i = 0; i < count; i++)
        run(chosen[i]);
    return 0;
}
