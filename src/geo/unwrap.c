#include "geo/unwrap.h"

struct walk {
    double min_lon, max_lon, end_lon;
};

static bool has_jump(const struct point *points, size_t count);
static struct walk walk(const struct point *points, size_t count, bool keep_seam);
static int turn_between(double from, double to, bool keep_seam);
static struct unwrap_plan plan_plain(const struct point *points, size_t count);
static double pole_of(const struct point *points, size_t count);

struct unwrap_plan unwrap_plan(const struct point *points, size_t count, bool is_ring) {
    if (count < 2) return plan_plain(points, count);
    bool closed = !is_ring || points[0].lon == points[count - 1].lon;
    if (closed && !has_jump(points, count)) return plan_plain(points, count);

    struct unwrap_plan plan = {.active = true};
    struct walk w = walk(points, count, false);
    if (!is_ring || w.end_lon == points[0].lon) {
        if (w.min_lon == w.max_lon) return plan_plain(points, count);
    } else {
        struct walk kept = walk(points, count, true);
        plan.keep_seam = kept.end_lon == points[0].lon;
        plan.over_pole = !plan.keep_seam;
        if (plan.keep_seam) w = kept;
    }
    plan.base = -(int)floor((w.min_lon + 180.0) / 360.0);
    plan.min_lon = w.min_lon + 360.0 * plan.base;
    plan.max_lon = w.max_lon + 360.0 * plan.base;
    return plan;
}

size_t unwrap_count(const struct unwrap_plan *plan, size_t count) {
    return count + (plan->over_pole ? UNWRAP_EXTRA_MAX : 0);
}

// One addition per longitude, so that equal inputs a turn apart stay equal after rounding.
void unwrap_apply(const struct unwrap_plan *plan, const struct point *points, size_t count,
                  struct point *out) {
    int turns = plan->base;
    for (size_t i = 0; i < count; i++) {
        if (plan->active && i > 0)
            turns += turn_between(points[i - 1].lon, points[i].lon, plan->keep_seam);
        out[i] = (struct point){points[i].lon + 360.0 * turns, points[i].lat};
    }
    if (!plan->over_pole) return;
    double pole = pole_of(points, count);
    out[count] = (struct point){out[count - 1].lon, pole};
    out[count + 1] = (struct point){out[0].lon, pole};
    out[count + 2] = out[0];
}

static bool has_jump(const struct point *points, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (fabs(points[i].lon - points[i - 1].lon) > 180.0) return true;
    }
    return false;
}

static struct walk walk(const struct point *points, size_t count, bool keep_seam) {
    struct walk w = {points[0].lon, points[0].lon, points[0].lon};
    int turns = 0;
    for (size_t i = 1; i < count; i++) {
        turns += turn_between(points[i - 1].lon, points[i].lon, keep_seam);
        w.end_lon = points[i].lon + 360.0 * turns;
        w.min_lon = fmin(w.min_lon, w.end_lon);
        w.max_lon = fmax(w.max_lon, w.end_lon);
    }
    return w;
}

static int turn_between(double from, double to, bool keep_seam) {
    double jump = to - from;
    if (fabs(jump) <= 180.0) return 0;
    if (keep_seam && fabs(jump) == 360.0) return 0;
    return jump > 0 ? -1 : 1;
}

static struct unwrap_plan plan_plain(const struct point *points, size_t count) {
    struct unwrap_plan plan = {.min_lon = INFINITY, .max_lon = -INFINITY};
    for (size_t i = 0; i < count; i++) {
        if (points[i].lon < plan.min_lon) plan.min_lon = points[i].lon;
        if (points[i].lon > plan.max_lon) plan.max_lon = points[i].lon;
    }
    return plan;
}

static double pole_of(const struct point *points, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += points[i].lat;
    }
    return sum < 0 ? -90.0 : 90.0;
}
