# table.awk - lines of results (who, set, operation, ns or bytes, count, check) become one table: the least value of all
# rounds, and its ratio to the best peer. Whoever asked the same questions must have the same check: "differs" and an
# exit status of 1 where they have not.

BEGIN {
    FS = "\t"
    split("bbox1 bbox100 bbox10k bbox10k-visit radius1km knn10 knn10-sphere bbox2km pip-all pip-5k pip-5k-hot match move", words, " ")
    for (i in words) exact[words[i]] = 1
    # Roundings of their own: 32-bit floats, 52-bit geohashes.
    split("sqlite-rtree redis postgis", words, " ")
    for (i in words) rough[words[i]] = 1
}

NF == 6 {
    row = $2 FS $3
    cell = row FS $1
    if (!(row in width)) rows[++row_count] = row
    if (!(cell in value)) names[row, ++width[row]] = $1
    if (!(cell in value) || $4 + 0 < value[cell]) value[cell] = $4 + 0
    if (cell in check && far(check[cell], $6)) differs(cell, $6)
    count[cell] = $5
    check[cell] = $6
    if (!ours($1) && (!(row in best) || value[cell] < best[row])) best[row] = value[cell]
    next
}
{ print "no line of results: " $0; bad = 1 }

END {
    for (r = 1; r <= row_count; r++) compare(rows[r])
    printf "%-10s %-16s %-20s %14s %9s  %s\n", "set", "operation", "who", "ns (or bytes)", "x best", "check"
    for (r = 1; r <= row_count; r++) print_row(rows[r])
    for (i = 1; i <= fault_count; i++) print "DIFFERS: " faults[i]
    exit bad
}

function ours(who) { return who ~ /^warp/ }

# The farthest of the ten nearest on the globe is never nearer, in degrees, than that of the plane.
function compares(row, who, part) {
    split(row, part, FS)
    return part[2] in exact && !(who in rough) && !(part[2] == "knn10" && ours(who))
}

function far(a, b,    d, most) {
    d = a - b
    most = (a < 0 ? -a : a) * 1e-5
    return d > most || -d > most
}

function differs(cell, other) {
    faults[++fault_count] = cell ": " check[cell] " and " other
    gsub(FS, " ", faults[fault_count])
    bad = 1
}

function compare(row,    i, cell, first) {
    for (i = 1; i <= width[row]; i++) {
        cell = row FS names[row, i]
        if (!compares(row, names[row, i])) continue
        first = row FS count[cell]
        if (!(first in agreed)) agreed[first] = check[cell]
        else if (far(agreed[first], check[cell])) differs(cell, agreed[first])
    }
}

function print_row(row,    i, cell, ratio, part) {
    split(row, part, FS)
    for (i = 1; i <= width[row]; i++) {
        cell = row FS names[row, i]
        ratio = row in best && best[row] > 0 ? sprintf("%.3f", value[cell] / best[row]) : "-"
        printf "%-10s %-16s %-20s %14.1f %9s  %s\n", part[1], part[2], names[row, i], value[cell], ratio, check[cell]
    }
}
