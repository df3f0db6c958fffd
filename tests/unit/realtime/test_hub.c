#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "realtime/hub.h"
#include "support/support.h"

/// What an owner heard, as "channel=text;" or "pattern:channel=text;", "!" for an overflow.
struct ear {
    struct hub_subscriber *subscriber;
    struct buf heard;
    bool wants_wire;
};

struct bell {
    _Atomic unsigned rung;
    bool refuses;
};

static bool on_post(void *ctx) {
    struct bell *b = ctx;
    atomic_fetch_add(&b->rung, 1);
    return !b->refuses;
}

static void on_deliver(void *owner, const struct hub_delivery *d) {
    struct ear *e = owner;
    if (e->wants_wire) {
        buf_append_str(&e->heard, d->message->wire);
        return;
    }
    if (d->kind == HUB_PRIVATE) buf_append_char(&e->heard, '#');
    if (d->kind == HUB_PATTERN) {
        buf_append_str(&e->heard, d->pattern);
        buf_append_char(&e->heard, ':');
    }
    buf_append_str(&e->heard, d->message->channel);
    buf_append_char(&e->heard, '=');
    buf_append_str(&e->heard, d->message->text);
    buf_append_char(&e->heard, ';');
}

static void on_overflow(void *owner) {
    struct ear *e = owner;
    buf_append_char(&e->heard, '!');
}

static const struct hub_port_events events = {on_post, on_deliver, on_overflow};

struct hall {
    struct hub *hub;
    struct hub_port *port;
    struct bell bell;
    struct ear a, b;
};

static void hall_open(struct hall *h, size_t limit) {
    *h = (struct hall){0};
    assert_int_equal(hub_new(&h->hub), STATUS_OK);
    assert_int_equal(hub_port_new(h->hub, &events, &h->bell, &h->port), STATUS_OK);
    assert_int_equal(hub_subscriber_new(h->port, &h->a, limit, &h->a.subscriber), STATUS_OK);
    assert_int_equal(hub_subscriber_new(h->port, &h->b, limit, &h->b.subscriber), STATUS_OK);
}

static void hall_close(struct hall *h) {
    hub_subscriber_free(h->a.subscriber);
    hub_subscriber_free(h->b.subscriber);
    hub_port_free(h->port);
    hub_free(h->hub);
    buf_deinit(&h->a.heard);
    buf_deinit(&h->b.heard);
}

static void join(struct ear *e, enum hub_kind kind, const char *name) {
    assert_int_equal(hub_subscribe(e->subscriber, kind, str_of(name)), STATUS_OK);
}

static size_t say(struct hall *h, enum hub_kind kind, const char *channel, const char *text) {
    size_t heard;
    assert_int_equal(hub_publish(h->hub, kind, str_of(channel), str_of(text), &heard), STATUS_OK);
    return heard;
}

static void assert_heard(struct hall *h, struct ear *e, const char *expected) {
    hub_port_deliver(h->port);
    buf_append_char(&e->heard, '\0');
    assert_string_equal(e->heard.data, expected);
    buf_clear(&e->heard);
}

static void test_kinds(void **state) {
    (void)state;
    struct hall h;
    hall_open(&h, 0);
    assert_int_equal(say(&h, HUB_CHANNEL, "x", "nobody"), 0);
    join(&h.a, HUB_CHANNEL, "x");
    join(&h.a, HUB_CHANNEL, "x");
    assert_int_equal(hub_subscriptions(h.a.subscriber), 1);
    join(&h.b, HUB_PATTERN, "x*");
    join(&h.b, HUB_CHANNEL, "x");
    join(&h.b, HUB_PRIVATE, "x");
    assert_int_equal(hub_subscriptions(h.b.subscriber), 2);
    assert_int_equal(say(&h, HUB_CHANNEL, "x", "1"), 3);
    assert_int_equal(say(&h, HUB_CHANNEL, "xy", "2"), 1);
    assert_int_equal(say(&h, HUB_PRIVATE, "x", "3"), 1);
    assert_int_equal(say(&h, HUB_PRIVATE, "xy", "4"), 0);
    assert_int_equal(say(&h, HUB_CHANNEL, "x", ""), 3);
    assert_int_equal(h.bell.rung, 1);
    assert_heard(&h, &h.a, "x=1;x=;");
    assert_heard(&h, &h.b, "x=1;x*:x=1;x*:xy=2;#x=3;x=;x*:x=;");
    assert_true(hub_unsubscribe(h.b.subscriber, HUB_CHANNEL, STR("x")));
    assert_false(hub_unsubscribe(h.b.subscriber, HUB_CHANNEL, STR("x")));
    assert_int_equal(say(&h, HUB_CHANNEL, "x", "5"), 2);
    assert_int_equal(h.bell.rung, 2);
    hub_unsubscribe(h.b.subscriber, HUB_PATTERN, STR("x*")); // what was said before still comes
    assert_heard(&h, &h.b, "x*:x=5;");
    hall_close(&h);
}

static void test_wire(void **state) {
    (void)state;
    struct hall h;
    hall_open(&h, 0);
    join(&h.a, HUB_CHANNEL, "fleet");
    join(&h.a, HUB_PRIVATE, "me");
    say(&h, HUB_CHANNEL, "fleet", "hello");
    say(&h, HUB_PRIVATE, "me", "a\r\nb");
    h.a.wants_wire = true;
    assert_heard(&h, &h.a, "*3\r\n$7\r\nmessage\r\n$5\r\nfleet\r\n$5\r\nhello\r\n$4\r\na\r\nb\r\n");
    hall_close(&h);
}

static void test_listeners(void **state) {
    (void)state;
    struct hall h;
    hall_open(&h, 0);
    uint64_t version = hub_version(h.hub);
    assert_false(hub_has_listener(h.hub, HUB_CHANNEL, STR("x")));
    join(&h.a, HUB_PATTERN, "x?");
    assert_true(hub_version(h.hub) > version);
    assert_true(hub_has_listener(h.hub, HUB_CHANNEL, STR("xy")));
    assert_false(hub_has_listener(h.hub, HUB_CHANNEL, STR("x")));
    assert_false(hub_has_listener(h.hub, HUB_PRIVATE, STR("xy")));
    version = hub_version(h.hub);
    assert_false(hub_has_listener(h.hub, HUB_CHANNEL, STR("y")));
    assert_int_equal(hub_version(h.hub), version);
    struct str name;
    assert_false(hub_subscription_any(h.a.subscriber, HUB_CHANNEL, &name));
    assert_true(hub_subscription_any(h.a.subscriber, HUB_PATTERN, &name));
    assert_true(str_eq(name, STR("x?")));
    hub_unsubscribe(h.a.subscriber, HUB_PATTERN, STR("x?"));
    assert_false(hub_has_listener(h.hub, HUB_CHANNEL, STR("xy")));
    assert_true(hub_version(h.hub) > version);
    hall_close(&h);
}

static void test_overflow(void **state) {
    (void)state;
    struct hall h;
    hall_open(&h, 2000);
    join(&h.a, HUB_CHANNEL, "x");
    for (int i = 0; i < 100; i++)
        say(&h, HUB_CHANNEL, "x", "0123456789012345678901234567890123456789");
    assert_heard(&h, &h.a, "!");
    char *large = malloc(10001); // larger than the limit, but the only one
    memset(large, 'a', 10000);
    large[10000] = '\0';
    join(&h.b, HUB_CHANNEL, "y");
    assert_int_equal(say(&h, HUB_CHANNEL, "y", large), 1);
    hub_port_deliver(h.port);
    assert_int_equal(h.b.heard.len, 10003);
    free(large);
    hall_close(&h);
}

static void test_lost_post(void **state) {
    (void)state;
    struct hall h;
    hall_open(&h, 0);
    join(&h.a, HUB_CHANNEL, "x");
    h.bell.refuses = true;
    say(&h, HUB_CHANNEL, "x", "1");
    h.bell.refuses = false;
    say(&h, HUB_CHANNEL, "x", "2");
    say(&h, HUB_CHANNEL, "x", "3");
    assert_int_equal(h.bell.rung, 2);
    assert_heard(&h, &h.a, "x=1;x=2;x=3;");
    hall_close(&h);
}

static void test_many(void **state) {
    (void)state;
    struct hall h;
    hall_open(&h, 0);
    char name[16];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "c%d", i);
        join(&h.a, HUB_CHANNEL, name);
    }
    assert_int_equal(hub_subscriptions(h.a.subscriber), 20000);
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(say(&h, HUB_CHANNEL, name, ""), 1);
        if (i % 2) assert_true(hub_unsubscribe(h.a.subscriber, HUB_CHANNEL, str_of(name)));
    }
    assert_int_equal(hub_subscriptions(h.a.subscriber), 10000);
    hall_close(&h);
}

static void test_memory(void **state) {
    (void)state;
    for (uint64_t n = 1; n < 12; n++) {
        struct hall h;
        size_t heard;
        hall_open(&h, 0);
        mem_fail_at(n, false);
        enum status a = hub_subscribe(h.a.subscriber, HUB_CHANNEL, STR("x"));
        enum status b = hub_subscribe(h.a.subscriber, HUB_PATTERN, STR("*"));
        enum status c = hub_publish(h.hub, HUB_CHANNEL, STR("x"), STR("1"), &heard);
        mem_fail_at(0, false);
        assert_int_equal(hub_subscriptions(h.a.subscriber), (a == STATUS_OK) + (b == STATUS_OK));
        hub_port_deliver(h.port);
        if (c == STATUS_OK && heard && (!h.a.heard.len || h.a.heard.data[0] != '!'))
            assert_true(h.a.heard.len > 0);
        hall_close(&h);
    }
}

// --- threads ---

enum { TALKERS = 3, MESSAGES = 4000 };

struct talk {
    struct hub *hub;
    unsigned number;
};

static void *talker(void *ctx) {
    struct talk *t = ctx;
    for (unsigned i = 0; i < MESSAGES; i++) {
        char text[24];
        int len = snprintf(text, sizeof text, "%u %u", t->number, i);
        enum status st =
            hub_publish(t->hub, HUB_CHANNEL, STR("news"), (struct str){text, (size_t)len}, NULL);
        if (st != STATUS_OK) return ctx;
    }
    return NULL;
}

struct listener {
    struct hub_port *port;
    struct hub_subscriber *subscriber;
    unsigned next[TALKERS], count;
    uint64_t order; // a hash of what came, in order
    bool wrong;
};

static void listener_deliver(void *owner, const struct hub_delivery *d) {
    struct listener *l = owner;
    unsigned talker_number = 0, i = 0;
    char text[24] = {0};
    memcpy(text, d->message->text.p, d->message->text.len);
    if (sscanf(text, "%u %u", &talker_number, &i) != 2 || i != l->next[talker_number])
        l->wrong = true;
    l->next[talker_number % TALKERS]++;
    l->order = l->order * 31 + talker_number * MESSAGES + i;
    l->count++;
}

static void listener_overflow(void *owner) {
    struct listener *l = owner;
    l->wrong = true;
}

static const struct hub_port_events listener_events = {on_post, listener_deliver,
                                                       listener_overflow};

static void *listen_all(void *ctx) {
    struct listener *l = ctx;
    while (l->count < TALKERS * MESSAGES && !l->wrong) {
        hub_port_deliver(l->port);
        // Comes and goes meanwhile, to be in the way.
        enum status st = hub_subscribe(l->subscriber, HUB_PATTERN, STR("old*"));
        if (st != STATUS_OK) l->wrong = true;
        hub_unsubscribe(l->subscriber, HUB_PATTERN, STR("old*"));
        usleep(100);
    }
    return NULL;
}

/// Every listener hears all of it, each talker's in order, and all listeners in one order.
static void test_threads(void **state) {
    (void)state;
    struct hub *hub;
    struct bell bell = {0};
    struct listener listeners[2] = {0};
    struct talk talks[TALKERS];
    pthread_t threads[TALKERS + 2];
    assert_int_equal(hub_new(&hub), STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct listener *l = &listeners[i];
        assert_int_equal(hub_port_new(hub, &listener_events, &bell, &l->port), STATUS_OK);
        assert_int_equal(hub_subscriber_new(l->port, l, 0, &l->subscriber), STATUS_OK);
        assert_int_equal(hub_subscribe(l->subscriber, HUB_CHANNEL, STR("news")), STATUS_OK);
        pthread_create(&threads[TALKERS + i], NULL, listen_all, l);
    }
    for (unsigned i = 0; i < TALKERS; i++) {
        talks[i] = (struct talk){hub, i};
        pthread_create(&threads[i], NULL, talker, &talks[i]);
    }
    for (unsigned i = 0; i < TALKERS + 2; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_false(listeners[i].wrong);
        assert_int_equal(listeners[i].count, TALKERS * MESSAGES);
        hub_subscriber_free(listeners[i].subscriber);
        hub_port_free(listeners[i].port);
    }
    assert_int_equal(listeners[0].order, listeners[1].order);
    hub_free(hub);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_wire),
        cmocka_unit_test(test_listeners), cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_lost_post), cmocka_unit_test(test_many),
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
