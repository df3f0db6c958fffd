// search_args.h - the one grammar of NEARBY, WITHIN, INTERSECTS, SCAN and SEARCH, and of fences made from them:
//
//   key [CURSOR n] [LIMIT n] [SPARSE n] [MATCH glob]... [WHERE ...]... [NOFIELDS] [CLIP] [BUFFER metres] [DISTANCE]
//       [ASC|DESC] [FENCE] [DETECT what] [COMMANDS which] [NODWELL]
//       [COUNT|IDS|OBJECTS|POINTS|BOUNDS|HASHES n] [area [CLIPBY area]...]

#ifndef COMMAND_SEARCH_ARGS_H
#define COMMAND_SEARCH_ARGS_H

#include "command/area.h"
#include "command/where.h"

enum search_kind { SEARCH_NEARBY, SEARCH_WITHIN, SEARCH_INTERSECTS, SEARCH_SCAN, SEARCH_VALUES };

enum search_output {
    SEARCH_OBJECTS,
    SEARCH_COUNT,
    SEARCH_IDS,
    SEARCH_POINTS,
    SEARCH_BOUNDS,
    SEARCH_HASHES
};

enum search_detect {
    SEARCH_INSIDE = 1,
    SEARCH_OUTSIDE = 2,
    SEARCH_ENTER = 4,
    SEARCH_EXIT = 8,
    SEARCH_CROSS = 16,
    SEARCH_DETECT_ALL = 31
};
/// COMMANDS set,del,drop: the changes a fence hears of; other words are taken and mean nothing.
enum search_change {
    SEARCH_SET = 1,
    SEARCH_DEL = 2,
    SEARCH_DROP = 4,
    SEARCH_FSET = 8,
    SEARCH_CHANGE_ALL = 15
};

/// NEARBY key FENCE ROAM key pattern metres [SCAN glob].
struct search_roam {
    bool on;
    struct str key, id;
    bool pattern; // `id` is a glob
    double radius_m;
    struct str scan; // empty: none
};

struct search_args {
    enum search_kind kind;
    struct str key;
    uint64_t cursor;
    uint64_t limit;      // 0: not given
    unsigned sparse;     // 0: not given
    struct str *globs;   // MATCH
    size_t glob_count;   // 0: all
    struct where *where; // NULL: all
    bool nofields, clip, distance, descending;
    bool has_buffer;
    double buffer_m; // done already to `area`
    enum search_output output;
    unsigned precision; // of HASHES
    bool is_mvt;        // the area was MVT
    struct area area;   // NEARBY: a circle, radius_m INFINITY when none was given
    // Fences:
    bool fence, nodwell;
    unsigned detect;  // enum search_detect, all when not given
    unsigned changes; // enum search_change, all when not given
    struct search_roam roam;
};

/// The arguments from `a` to the end. `fence`: those of SETHOOK and SETCHAN, where FENCE may stand but need not.
/// Lists and texts lie in `arena`; when that is not the call's own the texts are copied too, so that the result outlives the
/// call. On failure nothing is left to release.
MUST_USE enum status search_args_parse(struct args *a, enum search_kind kind, bool fence,
                                       struct arena *arena, struct search_args *out);
/// Drops the references to geometries.
void search_args_release(struct search_args *args);
/// MATCH: some glob takes it, or there is none.
bool search_args_globs(const struct search_args *args, struct str text);
/// "nearby", "within" ...
const char *search_kind_name(enum search_kind kind);

#endif
