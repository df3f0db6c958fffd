// bench_bare.c - the least that can answer HTTP: epoll, llhttp and one fixed answer. The baseline of bench/http.sh.
//
//   bench_bare [PORT]    prints the port and, at the end, requests and CPU per request

#include <arpa/inet.h>
#include <llhttp.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define ANSWER_MAX 64 // pipelined answers sent by one call

struct peer {
    llhttp_t parser;
    int fd;
    unsigned due; // answers to send after this read
};

static const char body[] =
    "{\"type\":\"Feature\",\"id\":\"truck-7\",\"geometry\":{\"type\":\"Point\","
    "\"coordinates\":[-122.4194,37.7749]},\"v\":7}";

static int on_message_complete(llhttp_t *parser) {
    ((struct peer *)parser->data)->due++;
    return 0;
}

static uint64_t serve(struct peer *p, const char *answer, size_t len) {
    char in[65536], out[ANSWER_MAX * 256];
    ssize_t n = read(p->fd, in, sizeof in);
    if (n <= 0 || llhttp_execute(&p->parser, in, (size_t)n) != HPE_OK) {
        close(p->fd);
        free(p);
        return 0;
    }
    uint64_t answered = p->due;
    while (p->due) {
        size_t k = 0;
        for (; p->due && k < ANSWER_MAX; k++, p->due--)
            memcpy(out + k * len, answer, len);
        if (write(p->fd, out, k * len) < 0) p->due = 0;
    }
    return answered;
}

static void take(int epoll, int listener, const llhttp_settings_t *settings) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    struct peer *p = fd < 0 ? NULL : calloc(1, sizeof *p);
    if (!p) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    p->fd = fd;
    llhttp_init(&p->parser, HTTP_REQUEST, settings);
    p->parser.data = p;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){EPOLLIN, {.ptr = p}});
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        perror("bench_bare");
        return 1;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, 0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){EPOLLIN, {.ptr = &listener}});
    epoll_ctl(epoll, EPOLL_CTL_ADD, signals, &(struct epoll_event){EPOLLIN, {.ptr = &signals}});
    char answer[256];
    size_t len = (size_t)snprintf(answer, sizeof answer,
                                  "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                                  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                  sizeof body - 1, body);
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_complete = on_message_complete;
    printf("port=%u\n", ntohs(address.sin_port));
    fflush(stdout);
    uint64_t requests = 0, cpu_ns = clock_process_cpu_ns();
    for (bool ended = false; !ended;) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &signals)
                ended = true;
            else if (events[i].data.ptr == &listener)
                take(epoll, listener, &settings);
            else
                requests += serve(events[i].data.ptr, answer, len);
        }
    }
    cpu_ns = clock_process_cpu_ns() - cpu_ns;
    printf("requests=%llu cpu_us=%.3f\n", (unsigned long long)requests,
           requests ? (double)cpu_ns / 1e3 / (double)requests : 0);
    return 0;
}
