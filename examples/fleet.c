/* fleet.c - a small fleet in twenty lines of calls: put, move, search, restart.
 *
 *     cc fleet.c -lwarp && ./a.out [directory]
 */

#include <stdio.h>
#include <stdlib.h>

#include <warp.h>

static void must(enum warp_status status, struct warp_session *s) {
    if (status != WARP_OK) {
        fprintf(stderr, "%s: %s\n", warp_status_text(status), s ? warp_error(s) : "");
        exit(1);
    }
}

static bool print(void *count, const struct warp_hit *hit) {
    printf("  %-8s %9.4f %9.4f %8.1f m  %s\n", hit->id, hit->lon, hit->lat, hit->distance_m,
           hit->properties);
    ++*(int *)count;
    return true;
}

int main(int argc, char **argv) {
    struct warp *db;
    struct warp_session *s;
    struct warp_options options = {.data_dir = argc > 1 ? argv[1] : NULL};
    char error[256];
    if (warp_open(&options, &db, error, sizeof error) != WARP_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    must(warp_session_open(db, &s), NULL);

    const struct warp_point trucks[] = {
        {"truck-1", -122.4194, 37.7749, "{\"speed\":12.5}"},
        {"truck-2", -122.4089, 37.7833, "{\"speed\":0}"},
        {"truck-3", -122.2711, 37.8044, NULL},
    };
    must(warp_put_points(s, "fleet", trucks, 3, NULL), s);
    must(warp_put(s, "areas", "harbour",
                  "{\"type\":\"Polygon\",\"coordinates\":[[[-122.43,37.77],[-122.40,37.77],"
                  "[-122.40,37.79],[-122.43,37.79],[-122.43,37.77]]]}"),
         s);
    must(warp_move(s, "fleet", "truck-3", -122.4180, 37.7760), s);

    int found = 0;
    puts("within 500 m:");
    must(warp_nearby(s, "fleet", -122.4194, 37.7749, 500.0, 10, print, &found), s);
    puts("the nearest two:");
    must(warp_nearest(s, "fleet", -122.4194, 37.7749, 2, print, &found), s);
    puts("in the box:");
    must(warp_bbox(s, "fleet", -122.43, 37.77, -122.40, 37.79, print, &found), s);

    const char *feature;
    must(warp_get(s, "fleet", "truck-3", &feature), s);
    puts(feature);
    warp_session_close(s);
    warp_close(db);
    return found == 2 + 2 + 3 ? 0 : 1;
}
