#include "geo/clip_box.h"

#include "base/mem.h"

enum side { SIDE_WEST, SIDE_EAST, SIDE_SOUTH, SIDE_NORTH, SIDE_COUNT };

static bool reserve(struct clip_box *c, int room, size_t count);
static size_t clip_side(const struct bbox *box, enum side side, const struct point *in,
                        size_t count, struct point *out);
static double beyond(const struct bbox *box, enum side side, struct point p);
static struct point cut(const struct bbox *box, enum side side, struct point a, struct point b);
static size_t add(struct point *out, size_t n, struct point p);
static bool cut_segment(const struct bbox *box, struct point *a, struct point *b);
static int follows(const struct bbox *box, struct point a, struct point b);

void clip_box_init(struct clip_box *c, const struct bbox *box) {
    *c = (struct clip_box){.box = *box};
}

void clip_box_deinit(struct clip_box *c) {
    mem_free(c->rooms[0]);
    mem_free(c->rooms[1]);
}

enum status clip_box_ring(struct clip_box *c, const struct point *ring, size_t count,
                          const struct point **out, size_t *out_count) {
    const struct point *in = ring;
    for (enum side side = SIDE_WEST; side < SIDE_COUNT && count >= 4; side++) {
        int room = side % 2;
        // Each edge leaves at most its end and a cut; the ring is closed again.
        if (!reserve(c, room, 2 * count + 2)) return STATUS_NO_MEMORY;
        count = clip_side(&c->box, side, in, count, c->rooms[room]);
        in = c->rooms[room];
    }
    *out = in;
    *out_count = count >= 4 ? count : 0;
    return STATUS_OK;
}

static bool reserve(struct clip_box *c, int room, size_t count) {
    if (count <= c->caps[room]) return true;
    size_t cap = count + count / 2;
    struct point *more = mem_realloc(c->rooms[room], cap * sizeof *more);
    if (!more) return false;
    c->rooms[room] = more;
    c->caps[room] = cap;
    return true;
}

static size_t clip_side(const struct bbox *box, enum side side, const struct point *in,
                        size_t count, struct point *out) {
    size_t n = 0;
    for (size_t i = 1; i < count; i++) {
        double a = beyond(box, side, in[i - 1]), b = beyond(box, side, in[i]);
        if ((a > 0) != (b > 0) && a != 0 && b != 0)
            n = add(out, n, cut(box, side, in[i - 1], in[i]));
        if (b <= 0) n = add(out, n, in[i]);
    }
    while (n > 1 && out[n - 1].lon == out[0].lon && out[n - 1].lat == out[0].lat) {
        n--;
    }
    if (n == 0) return 0;
    out[n] = out[0];
    return n + 1;
}

static size_t add(struct point *out, size_t n, struct point p) {
    if (n && out[n - 1].lon == p.lon && out[n - 1].lat == p.lat) return n;
    out[n] = p;
    return n + 1;
}

static double beyond(const struct bbox *box, enum side side, struct point p) {
    switch (side) {
    case SIDE_WEST: return box->min_lon - p.lon;
    case SIDE_EAST: return p.lon - box->max_lon;
    case SIDE_SOUTH: return box->min_lat - p.lat;
    default: return p.lat - box->max_lat;
    }
}

// From the end that is smaller, so that an edge is cut at one place whichever way it is walked.
static struct point cut(const struct bbox *box, enum side side, struct point a, struct point b) {
    if (a.lon > b.lon || (a.lon == b.lon && a.lat > b.lat)) {
        struct point c = a;
        a = b;
        b = c;
    }
    if (side == SIDE_WEST || side == SIDE_EAST) {
        double at = side == SIDE_WEST ? box->min_lon : box->max_lon;
        return (struct point){at, a.lat + (b.lat - a.lat) * ((at - a.lon) / (b.lon - a.lon))};
    }
    double at = side == SIDE_SOUTH ? box->min_lat : box->max_lat;
    return (struct point){a.lon + (b.lon - a.lon) * ((at - a.lat) / (b.lat - a.lat)), at};
}

bool clip_box_ring_is_folded(const struct clip_box *c, const struct point *ring, size_t count) {
    unsigned runs = 0;
    int before = follows(&c->box, ring[count - 2], ring[0]);
    for (size_t i = 1; i < count; i++) {
        int way = follows(&c->box, ring[i - 1], ring[i]);
        if (way && before && way != before) return true;
        runs += way && !before;
        before = way;
    }
    return runs > 1;
}

// Along a side of the box: 1 against the clock, -1 with it, 0 not at all.
static int follows(const struct bbox *box, struct point a, struct point b) {
    if (a.lat == b.lat && a.lon != b.lon) {
        int east = b.lon > a.lon ? 1 : -1;
        if (a.lat == box->min_lat) return east;
        if (a.lat == box->max_lat) return -east;
    }
    if (a.lon == b.lon && a.lat != b.lat) {
        int north = b.lat > a.lat ? 1 : -1;
        if (a.lon == box->max_lon) return north;
        if (a.lon == box->min_lon) return -north;
    }
    return 0;
}

enum status clip_box_line(struct clip_box *c, const struct point *line, size_t count,
                          clip_box_run run, void *ctx) {
    if (!reserve(c, 0, count + 1)) return STATUS_NO_MEMORY;
    struct point *out = c->rooms[0];
    size_t n = 0;
    for (size_t i = 1; i < count; i++) {
        struct point a = line[i - 1], b = line[i];
        bool inside = cut_segment(&c->box, &a, &b);
        bool joined = inside && n && out[n - 1].lon == a.lon && out[n - 1].lat == a.lat;
        if (!joined) {
            enum status st = n > 1 ? run(ctx, out, n) : STATUS_OK;
            if (st != STATUS_OK) return st;
            n = inside ? add(out, 0, a) : 0;
        }
        if (inside) n = add(out, n, b);
    }
    return n > 1 ? run(ctx, out, n) : STATUS_OK;
}

// False when nothing of it is inside. Side by side, as rings are.
static bool cut_segment(const struct bbox *box, struct point *a, struct point *b) {
    for (enum side side = SIDE_WEST; side < SIDE_COUNT; side++) {
        double from = beyond(box, side, *a), to = beyond(box, side, *b);
        if (from > 0 && to > 0) return false;
        if (from > 0) *a = to == 0 ? *b : cut(box, side, *a, *b);
        if (to > 0) *b = from == 0 ? *a : cut(box, side, *a, *b);
    }
    return true;
}
