// The predicate cases of GEOS and JTS (XML files of their Debian source packages, unpacked by script/setup,
// never committed), read from WARP_JTS_XML_DIR or build/deps/predicate-cases.
//
// Each expected intersects / disjoint / covers / coveredBy, and what a full DE-9IM matrix or a true
// within / contains implies for them, must be our answer. Coordinates are planar there: each case is scaled
// into range by a power of two, which changes no predicate.

#include "geo_shapes.h"

#include <dirent.h>
#include <sys/stat.h>

#include "geo/relate.h"

#define TEXT_MAX (16 << 20)

struct wanted { // -1 unknown
    int intersects, covers, covered;
};

struct xml_case {
    char *text[2]; // of a and b
    char desc[400];
    double grid; // of the precision model; 0: floating
};

struct counts {
    long files, cases, skipped, checked, wrong;
};

static GEOSContextHandle_t geos;
static struct counts counts;

// --- a reader for just these files: elements, attributes, text; no namespaces ---

struct xml {
    const char *at, *end;
};

struct tag {
    char name[64];
    const char *attributes;
    size_t attributes_len;
    bool closing;
};

static const char *find(const struct xml *x, const char *what) {
    size_t n = strlen(what);
    for (const char *p = x->at; p + n <= x->end; p++) {
        if (memcmp(p, what, n) == 0) return p;
    }
    return NULL;
}

// Moves behind the next tag; comments and declarations are passed over.
static bool next_tag(struct xml *x, struct tag *tag) {
    for (;;) {
        const char *open = find(x, "<");
        if (!open) return false;
        x->at = open + 1;
        const char *close = find(x, strncmp(open, "<!--", 4) == 0 ? "-->" : ">");
        if (!close) return false;
        if (*x->at == '!' || *x->at == '?') {
            x->at = close + 1;
            continue;
        }
        tag->closing = *x->at == '/';
        const char *name = x->at + tag->closing;
        size_t n = strcspn(name, " \t\r\n/>");
        snprintf(tag->name, sizeof tag->name, "%.*s", (int)n, name);
        tag->attributes = name + n;
        tag->attributes_len = (size_t)(close - tag->attributes);
        x->at = close + 1;
        return true;
    }
}

static bool attribute(const struct tag *tag, const char *name, char *out, size_t size) {
    size_t n = strlen(name);
    for (size_t i = 0; i + n + 2 < tag->attributes_len; i++) {
        const char *p = tag->attributes + i;
        if (strncmp(p, name, n) != 0 || p[-1] > ' ') continue;
        p += n + strspn(p + n, " \t\r\n=");
        if (*p != '"' && *p != '\'') continue;
        const char *end = strchr(p + 1, *p);
        if (!end) return false;
        snprintf(out, size, "%.*s", (int)(end - p - 1), p + 1);
        return true;
    }
    return false;
}

// The text up to the next tag, trimmed.
static char *text_after(const struct xml *x) {
    const char *end = find(x, "<");
    const char *from = x->at;
    if (!end) end = x->end;
    while (from < end && (unsigned char)*from <= ' ') {
        from++;
    }
    while (end > from && (unsigned char)end[-1] <= ' ') {
        end--;
    }
    return strndup(from, (size_t)(end - from));
}

// --- what a test expects ---

static bool is_empty_cell(char c) {
    return c == 'F' || c == 'f';
}

static void want_matrix(const char *m, struct wanted *w) {
    if (strlen(m) != 9 || strchr(m, '*')) return;
    w->intersects =
        !(is_empty_cell(m[0]) && is_empty_cell(m[1]) && is_empty_cell(m[3]) && is_empty_cell(m[4]));
    w->covers = w->intersects && is_empty_cell(m[6]) && is_empty_cell(m[7]);
    w->covered = w->intersects && is_empty_cell(m[2]) && is_empty_cell(m[5]);
}

static void want_named(const char *name, bool yes, struct wanted *w) {
    if (strcasecmp(name, "intersects") == 0) w->intersects = yes;
    if (strcasecmp(name, "disjoint") == 0) w->intersects = !yes;
    if (strcasecmp(name, "covers") == 0) w->covers = yes;
    if (strcasecmp(name, "coveredBy") == 0) w->covered = yes;
    if (strcasecmp(name, "contains") == 0 && yes) w->covers = 1;
    if (strcasecmp(name, "within") == 0 && yes) w->covered = 1;
    bool touching = strcasecmp(name, "touches") == 0 || strcasecmp(name, "crosses") == 0 ||
                    strcasecmp(name, "overlaps") == 0;
    if (touching && yes) w->intersects = 1;
    if (strcasecmp(name, "equalsTopo") == 0 && yes) w->covers = w->covered = w->intersects = 1;
}

// --- geometries ---

static GEOSGeometry *read_geos(const char *text) {
    if (*text == '0') {
        GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
        GEOSGeometry *g =
            GEOSWKBReader_readHEX_r(geos, reader, (const unsigned char *)text, strlen(text));
        GEOSWKBReader_destroy_r(geos, reader);
        return g;
    }
    GEOSWKTReader *reader = GEOSWKTReader_create_r(geos);
    GEOSGeometry *g = GEOSWKTReader_read_r(geos, reader, text);
    GEOSWKTReader_destroy_r(geos, reader);
    return g;
}

struct scaling {
    double grid, factor, max;
};

static int measure_xy(double *x, double *y, void *ctx) {
    struct scaling *s = ctx;
    if (s->grid > 0) {
        *x = round(*x * s->grid) / s->grid;
        *y = round(*y * s->grid) / s->grid;
    }
    s->max = fmax(s->max, fmax(fabs(*x), fabs(*y)));
    return 1;
}

static int scale_xy(double *x, double *y, void *ctx) {
    const struct scaling *s = ctx;
    *x *= s->factor;
    *y *= s->factor;
    return 1;
}

static GEOSGeometry *transformed(GEOSGeometry *g, int (*each)(double *, double *, void *),
                                 struct scaling *s) {
    GEOSGeometry *out = GEOSGeom_transformXY_r(geos, g, each, s);
    GEOSGeom_destroy_r(geos, g);
    return out;
}

static struct geometry *ours_from(const GEOSGeometry *g) {
    size_t size;
    GEOSWKBWriter *writer = GEOSWKBWriter_create_r(geos);
    unsigned char *bytes = GEOSWKBWriter_write_r(geos, writer, g, &size);
    GEOSWKBWriter_destroy_r(geos, writer);
    struct geometry *out = NULL;
    if (!bytes || wkb_parse((struct str){(const char *)bytes, size}, &GEOMETRY_LIMITS_IMPORT, &out,
                            NULL) != STATUS_OK) {
        out = NULL;
    }
    GEOSFree_r(geos, bytes);
    return out;
}

// --- checking ---

static void check_one(bool got, int want, const char *what, const char *path,
                      const struct xml_case *c) {
    if (want < 0) return;
    counts.checked++;
    if (got == want) return;
    counts.wrong++;
    print_message("%s: %s\n  A %.600s\n  B %.600s\n  %s: %d, the file says %d\n", path, c->desc,
                  c->text[0], c->text[1], what, got, want);
}

static void compare(const char *path, const struct xml_case *c, const struct geometry *a,
                    const struct geometry *b, const struct wanted *w) {
    check_one(relate_intersects(a, b), w->intersects, "intersects", path, c);
    check_one(!relate_disjoint(a, b), w->intersects, "not disjoint", path, c);
    check_one(relate_contains(a, b), w->covers, "covers", path, c);
    check_one(relate_within(a, b), w->covered, "coveredBy", path, c);
}

static bool is_usable(const GEOSGeometry *g) {
    return g && GEOSisValid_r(geos, g) == 1;
}

static void check_case(const char *path, const struct xml_case *c, const struct wanted *w) {
    if (w->intersects < 0 && w->covers < 0 && w->covered < 0) return;
    counts.cases++;
    GEOSGeometry *a = read_geos(c->text[0]), *b = read_geos(c->text[1]);
    struct scaling s = {.grid = c->grid, .factor = 1, .max = 1};
    if (a) a = transformed(a, measure_xy, &s);
    if (b) b = transformed(b, measure_xy, &s);
    s.factor = ldexp(1, -ilogb(s.max) + 5);
    if (a) a = transformed(a, scale_xy, &s);
    if (b) b = transformed(b, scale_xy, &s);
    struct geometry *ga = a ? ours_from(a) : NULL, *gb = b ? ours_from(b) : NULL;
    if (ga && gb && is_usable(a) && is_usable(b)) {
        compare(path, c, ga, gb, w);
    } else {
        counts.skipped++;
    }
    geometry_unref(ga);
    geometry_unref(gb);
    GEOSGeom_destroy_r(geos, a);
    GEOSGeom_destroy_r(geos, b);
}

static void read_op(struct xml *x, const struct tag *tag, struct wanted *w, bool *turned) {
    char name[64] = "", arg1[64] = "", arg2[64] = "", arg3[64] = "";
    (void)attribute(tag, "name", name, sizeof name);
    (void)attribute(tag, "arg1", arg1, sizeof arg1);
    (void)attribute(tag, "arg2", arg2, sizeof arg2);
    (void)attribute(tag, "arg3", arg3, sizeof arg3);
    *w = (struct wanted){-1, -1, -1};
    char *text = text_after(x);
    bool yes = strcasecmp(text, "true") == 0, no = strcasecmp(text, "false") == 0;
    free(text);
    if (strcasecmp(arg1, arg2) == 0 || (arg2[0] == '\0' && arg1[0] != '\0')) return;
    *turned = (arg1[0] | 32) == 'b';
    if (strcasecmp(name, "relate") == 0 && yes) want_matrix(arg3, w);
    if (yes || no) want_named(name, yes, w);
}

static void check_op(const char *path, struct xml *x, const struct tag *tag, struct xml_case *c) {
    struct wanted w;
    bool turned = false;
    read_op(x, tag, &w, &turned);
    if (!c->text[0] || !c->text[1]) return;
    struct xml_case way = *c;
    if (turned) {
        way.text[0] = c->text[1];
        way.text[1] = c->text[0];
    }
    check_case(path, &way, &w);
}

static void take_text(char **slot, char *text) {
    free(*slot);
    *slot = text;
}

static void check_file(const char *path) {
    static char bytes[TEXT_MAX];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes - 1, f);
    fclose(f);
    bytes[n] = '\0';
    counts.files++;
    struct xml x = {bytes, bytes + n};
    struct xml_case c = {{NULL, NULL}, "", 0};
    struct tag tag;
    while (next_tag(&x, &tag)) {
        if (tag.closing) continue;
        char scale[64];
        if (strcmp(tag.name, "precisionModel") == 0) {
            c.grid = attribute(&tag, "scale", scale, sizeof scale) ? atof(scale) : 0;
        } else if (strcmp(tag.name, "desc") == 0) {
            char *text = text_after(&x);
            snprintf(c.desc, sizeof c.desc, "%s", text);
            free(text);
        } else if (strcmp(tag.name, "case") == 0) {
            take_text(&c.text[0], NULL);
            take_text(&c.text[1], NULL);
        } else if (strcmp(tag.name, "a") == 0) {
            take_text(&c.text[0], text_after(&x));
        } else if (strcmp(tag.name, "b") == 0) {
            take_text(&c.text[1], text_after(&x));
        } else if (strcmp(tag.name, "op") == 0) {
            check_op(path, &x, &tag, &c);
        }
    }
    take_text(&c.text[0], NULL);
    take_text(&c.text[1], NULL);
}

static void check_folder(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        char below[4096];
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        struct stat st;
        if (stat(below, &st) != 0) continue;
        size_t n = strlen(below);
        if (S_ISDIR(st.st_mode)) {
            check_folder(below);
        } else if (n > 4 && strcmp(below + n - 4, ".xml") == 0 && st.st_size < TEXT_MAX) {
            check_file(below);
        }
    }
    closedir(dir);
}

static void test_their_cases(void **state) {
    (void)state;
    const char *dir = getenv("WARP_JTS_XML_DIR"), *source = getenv("WARP_SOURCE_DIR");
    char usual[4096];
    snprintf(usual, sizeof usual, "%s/build/deps/predicate-cases", source ? source : ".");
    struct stat st;
    if (!dir) dir = usual;
    if (stat(dir, &st) != 0) {
        print_message("no predicate cases in %s: run script/setup or set WARP_JTS_XML_DIR\n", dir);
        skip();
    }
    check_folder(dir);
    print_message("%ld files, %ld cases with a predicate, %ld left out (invalid or not readable), "
                  "%ld answers checked, %ld wrong\n",
                  counts.files, counts.cases, counts.skipped, counts.checked, counts.wrong);
    assert_true(counts.checked > 0);
    assert_int_equal(counts.wrong, 0);
}

int main(void) {
    geos = GEOS_init_r();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_their_cases)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    GEOS_finish_r(geos);
    return failed;
}
