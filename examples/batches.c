/* batches.c - a tick of a fleet: all positions moved in one call, and which zones each is in now.
 *
 *     cc batches.c -lwarp -lm && ./a.out
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <warp.h>

#define TRUCKS 1000

static void must(enum warp_status status, struct warp_session *s) {
    if (status != WARP_OK) {
        fprintf(stderr, "%s: %s\n", warp_status_text(status), warp_error(s));
        exit(1);
    }
}

/* Called for each zone that covers the truck numbered `truck`. */
static bool note(void *inside, size_t truck, const struct warp_hit *zone) {
    (void)truck, (void)zone;
    ++*(int *)inside;
    return true;
}

int main(void) {
    struct warp *db;
    struct warp_session *s;
    char error[256];
    if (warp_open(&(struct warp_options){0}, &db, error, sizeof error) != WARP_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    must(warp_session_open(db, &s), s);
    must(warp_put(s, "zones", "centre",
                  "{\"type\":\"Polygon\",\"coordinates\":[[[2.33,48.85],[2.37,48.85],"
                  "[2.37,48.87],[2.33,48.87],[2.33,48.85]]]}"),
         s);

    static char ids[TRUCKS][24];
    static struct warp_point trucks[TRUCKS];
    static struct warp_position positions[TRUCKS];
    static struct warp_place places[TRUCKS];
    for (int i = 0; i < TRUCKS; i++) {
        snprintf(ids[i], sizeof ids[i], "truck-%d", i);
        trucks[i] = (struct warp_point){.id = ids[i], .lon = 2.35, .lat = 48.86};
    }
    must(warp_put_points(s, "fleet", trucks, TRUCKS, NULL), s);

    for (int tick = 0; tick < 3; tick++) {
        for (int i = 0; i < TRUCKS; i++) {
            double way = 0.0001 * i * tick;
            places[i] = (struct warp_place){2.35 + way * cos(i), 48.86 + way * sin(i)};
            positions[i] = (struct warp_position){ids[i], places[i].lon, places[i].lat};
        }
        int inside = 0;
        must(warp_move_many(s, "fleet", positions, TRUCKS, NULL, NULL), s);
        must(warp_covering_many(s, "zones", places, TRUCKS, note, &inside), s);
        printf("tick %d: %d of %d trucks in the centre\n", tick, inside, TRUCKS);
    }
    warp_session_close(s);
    warp_close(db);
    return 0;
}
