# layers.awk - reads sources, prints one line per include that breaks the house's order.
#
# Usage: awk -v root=DIR -f layers.awk FILE...   with FILE relative to DIR/src ("geo/point.h").
# A module is a .h/.c pair; edges between modules of one folder must not form a cycle.

BEGIN {
    split("base 0 metrics 1 geo 2 proto 2 net 2 index 3 storage 3 gpu 3 physics 3 fence 4 " \
          "engine 5 realtime 6 cluster 6 api 7 command 7 server 8 cli 9", words, " ")
    for (i = 1; i in words; i += 2) layer[words[i]] = words[i + 1] + 0
    public_from = layer["engine"]   # include/warp.h is the engine's face: nothing below may know it

    for (i = 1; i < ARGC; i++) {
        file = ARGV[i]
        exists[file] = 1
        if (!(folder_of(file) in layer)) refuse(file, 0, "folder '" folder_of(file) "' has no layer")
    }
    for (i = 1; i < ARGC; i++) read_file(ARGV[i])
    find_cycles()
    exit bad > 0
}

function folder_of(path) { return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "" }
function module_of(path) { sub(/\.[^.\/]*$/, "", path); return path }

function refuse(file, line, why) {
    printf "src/%s:%d: %s\n", file, line, why
    bad++
}

function read_file(file,    text, line, path) {
    line = 0
    while ((getline text < (root "/src/" file)) > 0) {
        line++
        if (text !~ /^[ \t]*#[ \t]*include[ \t]*["<]/) continue
        path = text
        sub(/^[^"<]*["<]/, "", path)
        sub(/[">].*$/, "", path)
        if (text ~ /^[^"<]*</ && !(path in exists) && path != "warp.h") continue   # the system's
        check_include(file, line, path)
    }
    close(root "/src/" file)
}

function check_include(file, line, path,    from, to) {
    from = folder_of(file)
    to = folder_of(path)
    if (path == "warp.h") {
        if (layer[from] < public_from) refuse(file, line, "includes warp.h, which is above it")
        return
    }
    if (!(path in exists)) {
        refuse(file, line, "includes \"" path "\": no such file under src (write folder/file.h)")
    } else if (from == to) {
        add_edge(module_of(file), module_of(path), file, line)
    } else if (layer[to] > layer[from]) {
        refuse(file, line, "includes upward: " from " (" layer[from] ") -> " path " (" layer[to] ")")
    } else if (layer[to] == layer[from]) {
        refuse(file, line, "includes sideways: " from " -> " path " (both " layer[from] ")")
    }
}

function add_edge(from, to, file, line,    key) {
    key = from SUBSEP to
    if (from == to || (key in edge)) return
    edge[key] = file ":" line
    next_of[from, ++degree[from]] = to
    if (!(from in known)) { known[from] = 1; modules[++module_count] = from }
}

function find_cycles(    i) {
    for (i = 1; i <= module_count; i++) if (!(modules[i] in state)) visit(modules[i], modules[i])
}

# state: 1 on the path now, 2 done.
function visit(module, path,    i, to) {
    state[module] = 1
    for (i = 1; i <= degree[module]; i++) {
        to = next_of[module, i]
        if ((to in state) && state[to] == 1) {
            sub("^(.* )?" to " ", to " ", path)
            split(edge[module, to], at, ":")
            refuse(at[1], at[2], "include cycle: " path " -> " to)
        } else if (!(to in state)) {
            visit(to, path " -> " to)
        }
    }
    state[module] = 2
}
