# table.awk - build/resp.tsv as one table: server CPU an operation of each server, and how many times less than Tile38.
#
# Where no Tile38 ran beside, its column has what was measured elsewhere (2 cores of the same kind, 1,000,000 points in
# 10 x 10 degrees, 50 connections, head of March 2026), marked with a star.

BEGIN {
    FS = "\t"
    split("ping set move get near10_1km near10_10km near100_10km nearest10 within_1km within_10km intersects_1km count_10km count_100km", names, " ")
    split("2.1 15.4 14.5 9.0 90.9 103 374 119 10.3 168 10.9 36.2 2221", pipelined, " ")
    split("10.7 29.6 - 25.8 134 135 - - 32.0 - 24.3 - -", single, " ")
    for (i in names) {
        stated["work", names[i], 64] = pipelined[i]
        if (single[i] != "-") stated["work", names[i], 1] = single[i]
    }
    stated["fences_0", "set", 64] = 9.9
    stated["fences_10000", "set", 64] = 59.1
}
NR == 1 { next }
{
    if ($5 == "") { figure[$1, $2, $3] = $6; next }
    key = $2 SUBSEP $3 SUBSEP $5
    if (!(key in seen)) { seen[key] = 1; order[++rows] = key }
    cpu[$1, key] = $9
    rate[$1, key] = $8
    p99[$1, key] = $12
    errors[$1, key] = $16
    ran[$1] = 1
}
END {
    printf "%-13s %-19s %4s %12s %12s %7s %12s %10s %10s\n", "part", "workload", "pipe", "warp CPU us", "Tile38 us", "ratio", "Redis us", "warp op/s", "p99 us"
    for (i = 1; i <= rows; i++) {
        split(order[i], k, SUBSEP)
        # A refusal costs nothing and proves nothing.
        refused = errors["warpengine", order[i]] > 0
        ours = refused ? "" : cpu["warpengine", order[i]]
        if (("tile38", order[i]) in cpu) { theirs = cpu["tile38", order[i]]; mark = "" }
        else if (order[i] in stated) { theirs = stated[order[i]]; mark = "*" }
        else { theirs = ""; mark = "" }
        redis = cpu["redis", order[i]]
        printf "%-13s %-19s %4s %12s %12s %7s %12s %10s %10s%s\n", k[1], k[2], k[3], number(ours, 2), (theirs == "" ? "-" : number(theirs, 1) mark),
            ratio(theirs, ours), number(redis, 2), number(rate["warpengine", order[i]], 0), number(p99["warpengine", order[i]], 0),
            (refused ? "  void: " errors["warpengine", order[i]] " refused" : "")
    }
    print ""
    memory("load")
    memory("redis")
    for (s in ran) if ((s, "restart", "seconds") in figure) printf "%-10s restart %s s%s\n", s, figure[s, "restart", "seconds"], (s == "warpengine" ? " (Tile38*: 2.9 s per million)" : "")
}
function number(v, decimals) { return v == "" ? "-" : sprintf("%." decimals "f", v) }
function ratio(theirs, ours) { return theirs == "" || ours == "" || ours == 0 ? "-" : sprintf("%.1fx", theirs / ours) }
function memory(part,    s) {
    for (s in ran) if ((s, part, "memory_full") in figure)
        printf "%-10s %-6s memory %.1f MB, of it %.1f MB before the points%s\n", s, part, figure[s, part, "memory_full"], figure[s, part, "memory_empty"], (s == "warpengine" && part == "load" ? " (Tile38*: 267-355 MB per million)" : "")
}
