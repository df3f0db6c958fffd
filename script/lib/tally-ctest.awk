# tally-ctest.awk - counts what a `ctest -V` log holds: a line "GROUP PASSED FAILED SKIPPED" for each
# group, and a line "NUMBER NAME" for each failed program into the file -v failures=FILE.
#
# A cmocka program counts by its own tests. A program that crashed, timed out, did not run, or
# ended before it had run all the tests it announced has failed at least once.

/^ *Start +[0-9]+: / { number = $2; sub(/:$/, "", number); next }

/^[0-9]+: / {
    id = $1
    sub(/:$/, "", id)
    if (index($0, "[==========]")) {
        open[id] = index($0, "Running ") > 0
        if (open[id]) announced[id] += number_before("test(s)")
    } else if (open[id]) {   # after the group the same words only list
        if (index($0, "[       OK ]")) ok[id]++
        else if (index($0, "[  FAILED  ]")) wrong[id]++
        else if (index($0, "[  SKIPPED ]")) left[id]++
    }
    next
}

/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
    match($0, /#[0-9]+: /)
    id = substr($0, RSTART + 1, RLENGTH - 3)
    name = substr($0, RSTART + RLENGTH)
    sub(/ .*/, "", name)
    count(id, name, $0)
}

END { for (i = 1; i <= group_count; i++) print groups[i], passed[groups[i]] + 0, failed[groups[i]] + 0, skipped[groups[i]] + 0 }

function count(id, name, line,    group, good, bad, unrun) {
    group = group_of(name)
    if (!(group in seen)) { seen[group] = 1; groups[++group_count] = group }
    if (line ~ /\*\*\*Skipped/) { skipped[group]++; return }

    good = ok[id] + 0
    bad = wrong[id] + 0
    unrun = announced[id] - good - bad - left[id]
    if (unrun > 0) bad += unrun
    if (line ~ / Passed +[0-9.]+ sec/) {
        if (good + bad + left[id] == 0) good = 1
    } else if (bad == 0) {
        bad = 1
    }
    passed[group] += good
    failed[group] += bad
    skipped[group] += left[id]
    if (bad > 0) print id, name > failures
}

function group_of(name) {
    if (name ~ /^test_property_/) return "property"
    if (name ~ /^test_fault_/) return "fault"
    if (name ~ /^test_/) return "unit"
    if (name ~ /_corpus$/) return "fuzz-corpus"
    if (name ~ /^example_/) return "examples"
    return name
}

function number_before(word,    i) {
    for (i = 2; i <= NF; i++) if (index($i, word) == 1) return $(i - 1) + 0
    return 0
}
