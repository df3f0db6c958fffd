// Scripts: what they answer, and what they cannot do.

#include "command/script_pattern.h"
#include "command/scripts.h"
#include "support.h"

static void say(struct desk *d, const char *command, const char *script, const char *rest,
                struct str *out) {
    struct str args[16] = {str_of(command), str_of(script)};
    size_t n = 2;
    static char copy[256];
    snprintf(copy, sizeof copy, "%s", rest);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        args[n++] = str_of(word);
    }
    *out = desk_ask(d, args, n);
}

static void assert_script(struct desk *d, const char *script, const char *rest,
                          const char *expected) {
    struct str got;
    d->client.json = false;
    say(d, "EVAL", script, rest, &got);
    if (strcmp(got.p, expected) != 0) print_message("%s\n", script);
    assert_string_equal(got.p, expected);
}

static void assert_fails(struct desk *d, const char *script, const char *part) {
    struct str got;
    say(d, "EVAL", script, "0", &got);
    if (got.p[0] != '-' || !strstr(got.p, part)) print_message("%s\n-> %.300s\n", script, got.p);
    assert_int_equal(got.p[0], '-');
    assert_non_null(strstr(got.p, part));
}

static void test_values(void **state) {
    struct desk *d = *state;
    assert_script(d, "return 2 + 2", "0", ":4\r\n");
    assert_script(d, "return 3.99", "0", ":3\r\n");
    assert_script(d, "return -3.5", "0", ":-4\r\n");
    assert_script(d, "return 1e300", "0", "$4\r\n+Inf\r\n");
    assert_script(d, "return 'text'", "0", "$4\r\ntext\r\n");
    assert_script(d, "return true", "0", ":1\r\n");
    assert_script(d, "return false", "0", "$-1\r\n");
    assert_script(d, "return nil", "0", "$-1\r\n");
    assert_script(d, "return", "0", "$-1\r\n");
    assert_script(d, "return {1, 'b', {2}}", "0", "*3\r\n:1\r\n$1\r\nb\r\n*1\r\n:2\r\n");
    assert_script(d, "return {}", "0", "*0\r\n");
    assert_script(d, "return {a = 1}", "0", "*1\r\n*2\r\n$1\r\na\r\n:1\r\n");
    assert_script(d, "return {ok = 'fine'}", "0", "+fine\r\n");
    assert_script(d, "return {err = 'bad'}", "0", "-bad\r\n");
    assert_script(d, "return tile38.status_reply('hi')", "0", "+hi\r\n");
    assert_script(d, "return tile38.error_reply('oh')", "0", "-oh\r\n");
    assert_script(d, "return tostring", "0", "-Unsupported lua type: function\r\n");
}

static void test_arguments(void **state) {
    struct desk *d = *state;
    assert_script(d, "return KEYS[1] .. ' and ' .. ARGV[1]", "1 key1 arg1",
                  "$13\r\nkey1 and arg1\r\n");
    assert_script(d, "return #ARGV", "0 a b c", ":3\r\n");
    assert_script(d, "return EVAL_CMD", "0", "$4\r\neval\r\n");
    assert_script(d, "return DEADLINE == nil", "0", ":1\r\n");
    assert_script(d, "return 1", "2 a", "-ERR wrong number of arguments for 'eval' command\r\n");
    assert_script(d, "return 1", "x", "-ERR invalid argument 'x'\r\n");
    assert_script(d, "", "0", "-ERR wrong number of arguments for 'eval' command\r\n");
    assert_reply(d, "EVAL x", "-ERR wrong number of arguments for 'eval' command\r\n");
}

static void test_json(void **state) {
    struct desk *d = *state;
    assert_json(d, "EVAL 'return {1,\"a\",false}' 0", "{\"ok\":true,\"result\":[1,\"a\",false]}");
    assert_json(d, "EVAL 'return {a={b=1.5}}' 0", "{\"ok\":true,\"result\":{\"a\":{\"b\":1.5}}}");
    assert_json(d, "EVAL 'return nil' 0", "{\"ok\":true,\"result\":null}");
    assert_json(d, "EVALSHA 1234 0", "{\"ok\":false,\"err\":\"sha not found\"}");
    assert_json(d, "SCRIPT EXISTS 1234", "{\"ok\":true,\"result\":[0]}");
    assert_json(d, "SCRIPT FLUSH", "{\"ok\":true}");
    assert_script(d, "return json.encode({a={1,2},b='x\\n'})", "0", // the order is Lua's
                  strstr(desk_say(d, "EVAL 'return json.encode({a={1,2},b=\"x\\n\"})' 0").p, "{\"a")
                      ? "$21\r\n{\"a\":[1,2],\"b\":\"x\\n\"}\r\n"
                      : "$21\r\n{\"b\":\"x\\n\",\"a\":[1,2]}\r\n");
    assert_script(
        d, "local v = json.decode('{\"a\":[1,{\"b\":2.5}],\"c\":null}'); return v.a[2].b * 2", "0",
        ":5\r\n");
    assert_script(d, "return json.decode('[9007199254740993]')[1]", "0", ":9007199254740993\r\n");
    assert_fails(d, "return json.decode('{')", "at 1");
    assert_fails(d, "local t = {} t.t = t return json.encode(t)", "nested too deeply");
    assert_fails(d, "return json.encode(print or type)", "cannot encode a function");
}

static void test_cache(void **state) {
    struct desk *d = *state;
    assert_reply(d, "SCRIPT LOAD 'return 2 + 2'",
                 "$40\r\n2dd1b44209ecb49617af05caf0491390a03c1cc4\r\n");
    assert_reply(d, "SCRIPT EXISTS 2dd1b44209ecb49617af05caf0491390a03c1cc4 no_script",
                 "*2\r\n:1\r\n:0\r\n");
    assert_reply(d, "EVALSHA 2dd1b44209ecb49617af05caf0491390a03c1cc4 0", ":4\r\n");
    assert_reply(d, "EVALROSHA 2dd1b44209ecb49617af05caf0491390a03c1cc4 0", ":4\r\n");
    assert_reply(d, "EVALNASHA 2dd1b44209ecb49617af05caf0491390a03c1cc4 0", ":4\r\n");
    assert_reply(d, "SCRIPT FLUSH", "$2\r\nOK\r\n");
    assert_reply(d, "SCRIPT EXISTS 2dd1b44209ecb49617af05caf0491390a03c1cc4", "*1\r\n:0\r\n");
    assert_reply(d, "EVALSHA 2dd1b44209ecb49617af05caf0491390a03c1cc4 0", "-ERR sha not found\r\n");
    assert_reply(d, "EVAL 'return 2 + 2' 0", ":4\r\n"); // what ran is kept
    assert_reply(d, "EVALSHA 2dd1b44209ecb49617af05caf0491390a03c1cc4 0", ":4\r\n");
    struct str got = desk_say(d, "SCRIPT LOAD 'return ='");
    assert_non_null(strstr(got.p, "unexpected symbol"));
    // More than it holds: the oldest go.
    for (int i = 0; i < 1500; i++) {
        char line[64];
        snprintf(line, sizeof line, "SCRIPT LOAD 'return %d'", i);
        assert_int_equal(desk_say(d, line).p[0], '$');
    }
    assert_reply(d, "SCRIPT EXISTS 2dd1b44209ecb49617af05caf0491390a03c1cc4", "*1\r\n:0\r\n");
}

static void test_calls(void **state) {
    struct desk *d = *state;
    assert_script(d, "return tile38.call('ping')", "0", "+PONG\r\n");
    assert_script(d, "return tile38.call('ping', 42)", "0", "$2\r\n42\r\n");
    assert_script(d, "return tile38.call('ping', 42.0)", "0", "$2\r\n42\r\n");
    assert_script(d, "return tile38.call('ping', 'a', nil, 'b') == 'a'", "0", ":1\r\n");
    assert_script(d, "return tile38.sha1hex('asdf')", "0",
                  "$40\r\n3da541559918a808c2402bba5012f6c60b27661c\r\n");
    assert_script(d, "return tile38.distance_to(37.7341129, -122.4408378, 37.733, -122.43)", "0",
                  ":961\r\n");
    assert_script(d,
                  "tile38.distance_to(0, 1e308, 0, -1/0) return tile38.distance_to(0, 3601, 0, 1)",
                  "0", ":0\r\n");
    assert_script(d, "return tile38.call('set', KEYS[1], 'a', 'point', 33, -112)", "1 fleet",
                  "+OK\r\n");
    assert_script(d, "return tile38.call('exists', 'fleet', 'a')", "0", ":1\r\n");
    assert_script(d, "return tile38.call('del', 'fleet', 'a')", "0", ":1\r\n");
    assert_reply(d, "EVALRO 'return tile38.pcall(\"set\", \"fleet\", \"a\", \"string\", \"x\")' 0",
                 "-read only\r\n");
    assert_reply(d, "TIMEOUT 9 EVAL 'return 1' 0", "-ERR timeout not supported for 'eval'\r\n");
    assert_script(d, "return tile38.pcall('echo', 'x')", "0",
                  "-command not supported in scripts\r\n");
    assert_script(d, "return tile38.pcall('eval', 'return 1', 0).err", "0",
                  "$32\r\ncommand not supported in scripts\r\n");
    assert_fails(d, "return tile38.call('output', 'json')", "command not supported in scripts");
    assert_fails(d, "return tile38.call('nonsense')", "command not supported in scripts");
    assert_fails(d, "return tile38.call()", "wrong number of arguments");
    assert_fails(d, "return tile38.call('ping', {})", "string expected, got table");
    assert_false(d->client.json);
}

static void test_sandbox(void **state) {
    struct desk *d = *state;
    static const char *const gone[] = {"io",     "os",    "package", "debug",         "require",
                                       "load",   "print", "dofile",  "loadfile",      "loadstring",
                                       "module", "utf8",  "warn",    "collectgarbage"};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        char script[64];
        snprintf(script, sizeof script, "return %s == nil", gone[i]);
        assert_script(d, script, "0", ":1\r\n");
    }
    assert_script(d, "return string.dump == nil", "0", ":1\r\n");
    assert_script(d, "return math.randomseed == nil", "0", ":1\r\n");
    assert_fails(d, "x = 1", "attempt to create global variable 'x'");
    assert_fails(d, "function f() end", "attempt to create global variable 'f'");
    assert_fails(d, "\x1bLua", "attempt to load a binary chunk");
    assert_fails(d, "setmetatable(_G, nil)", "protected metatable");
    assert_fails(d, "setmetatable({}, {__gc = function() end})", "__gc is not allowed");
    assert_script(d, "return getmetatable('')", "0", "$-1\r\n");
    assert_fails(d, "error('boom')", "f_");
    assert_fails(d, "error({})", "raised no text");
}

// What one script breaks is whole for the next, of whatever client.
static void test_scripts_are_strangers(void **state) {
    struct desk *d = *state;
    assert_script(d,
                  "string.upper = nil; table.concat = function() return 'evil' end; "
                  "rawset(_G, 'leak', 1); tile38.call = nil; return leak",
                  "0", ":1\r\n");
    assert_script(d, "return string.upper('a') .. ('b'):upper() .. table.concat({1, 2})", "0",
                  "$4\r\nAB12\r\n");
    assert_script(d, "return leak == nil and tile38.call('ping').ok == 'PONG'", "0", ":1\r\n");
    assert_script(d, "return KEYS[1] == nil", "0", ":1\r\n");
}

static void test_strings(void **state) {
    struct desk *d = *state;
    static const char *const table[][2] = {
        {"return ('hello'):find('l')", ":3\r\n"},
        {"return {('hello world'):find('(o) (w)')}", "*4\r\n:5\r\n:7\r\n$1\r\no\r\n$1\r\nw\r\n"},
        {"return ('hello'):find('xyz')", "$-1\r\n"},
        {"return ('a.b'):find('.', 1, true)", ":2\r\n"},
        {"return ('hello'):find('l', -2)", ":4\r\n"},
        {"return ('hello'):find('', 10)", "$-1\r\n"},
        {"return ('hello'):find('', 6)", ":6\r\n"},
        {"return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "$3\r\nkey\r\n"},
        {"return ('  trim  '):match('^%s*(.-)%s*$')", "$4\r\ntrim\r\n"},
        {"return ('f(a(b)c)d'):match('%b()')", "$7\r\n(a(b)c)\r\n"},
        {"return ('THE (quick) fox'):find('%f[%a]%a+%f[%A]')", ":1\r\n"},
        {"return ('aXb'):match('()X()')", ":2\r\n"},
        {"return ('abab'):match('(ab)%1')", "$2\r\nab\r\n"},
        {"return ('x]y'):match('[]]')", "$1\r\n]\r\n"},
        {"return ('a-b'):match('[a%-]+')", "$2\r\na-\r\n"},
        {"return ('abc'):match('[^a-b]')", "$1\r\nc\r\n"},
        {"return ('aaa'):match('a?a?a?a?')", "$3\r\naaa\r\n"},
        {"return ('aaab'):match('a-b')", "$4\r\naaab\r\n"},
        {"return ('hello world'):gsub('o', '0')", "$11\r\nhell0 w0rld\r\n"},
        {"return ('hello'):gsub('', '-')", "$11\r\n-h-e-l-l-o-\r\n"},
        {"return ('abc'):gsub('%w', '%0%0', 2)", "$5\r\naabbc\r\n"},
        {"return ('abc'):gsub('(a)(b)', '%2%1')", "$3\r\nbac\r\n"},
        {"return ('$n is'):gsub('%$(%w+)', {n = 'x'})", "$4\r\nx is\r\n"},
        {"return ('abc'):gsub('.', function(c) if c == 'b' then return 'B' end end)",
         "$3\r\naBc\r\n"},
        {"return ('abc'):gsub('^a', 'x')", "$3\r\nxbc\r\n"},
        {"local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t+1] = k .. v end "
         "return table.concat(t, ' ')",
         "$5\r\na1 b2\r\n"},
        {"local n = 0 for w in ('one two'):gmatch('%a*') do n = n + 1 end return n", ":2\r\n"},
        {"return ('ab'):rep(3, '-')", "$8\r\nab-ab-ab\r\n"},
        {"return (''):rep(1e15)", "$0\r\n\r\n"},
        {"return ('x'):rep(-1)", "$0\r\n\r\n"},
        {"return ('%d'):format(3)", "$1\r\n3\r\n"},
        {"return table.concat(table.move({1, 2, 3}, 1, 3, 2), ',')", "$7\r\n1,1,2,3\r\n"},
        {"local t = {2, 3} table.insert(t, 1, 1) table.insert(t, 4) table.insert(t, 5, 5) "
         "return table.concat(t, ',')",
         "$9\r\n1,2,3,4,5\r\n"},
        {"local t = {1, 2, 3} return table.remove(t) .. table.remove(t, 1) .. #t .. "
         "tostring(table.remove({}))",
         "$6\r\n311nil\r\n"},
        {"local t = {3, 1, 2} table.sort(t) local u = {1, 3, 2} table.sort(u, function(a, b) "
         "return a > b end) return table.concat(t) .. table.concat(u, '-', 2, 3)",
         "$6\r\n1232-1\r\n"},
        {"return table.concat({}) .. table.concat({1, 2}, ',', 3) .. table.concat({1}, ',')",
         "$1\r\n1\r\n"},
        {"return #table.move({1, 2, 3}, 2, 3, 1, {})", ":2\r\n"},
        {"return select('#', unpack({1, 2, 3}))", ":3\r\n"},
        {"return math.pow(2, 10)", ":1024\r\n"},
        {"return {xpcall(function(a) return a, 2 end, tostring, 1)}", "*3\r\n:1\r\n:1\r\n:2\r\n"},
        {"return {xpcall(error, function(e) return e .. '!' end, 'oh')}",
         "*2\r\n$-1\r\n$3\r\noh!\r\n"},
        {"local f = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) "
         "return {f(1), f(5), pcall(f)}",
         "*4\r\n:2\r\n:10\r\n$-1\r\n$28\r\ncannot resume dead coroutine\r\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_script(d, table[i][0], "0", table[i][1]);
    }
    assert_fails(d, "return ('a'):find('[a')", "missing ']'");
    assert_fails(d, "return ('a'):find('%')", "ends with '%'");
    assert_fails(d, "return ('a'):find('(')", "unfinished capture");
    assert_fails(d, "table.insert({1}, 3, 1)", "position out of bounds");
    assert_fails(d, "table.insert({1}, 1, 1, 1)", "wrong number of arguments to 'insert'");
    assert_fails(d, "table.remove({1}, 3)", "position out of bounds");
    assert_fails(d, "table.sort({1, 'a'})", "attempt to compare");
    assert_fails(d, "table.concat({1, {}})", "invalid value (at index 2) in table for 'concat'");
    assert_fails(d, "return ('a'):match(')')", "invalid pattern capture");
    assert_fails(d, "return ('a'):find('%1')", "invalid capture index");
    assert_fails(d, "return ('a'):gsub('a', '%2')", "invalid capture index");
    assert_fails(d, "return ('a'):gsub('a', '%x')", "invalid use of '%'");
    assert_fails(d, "return ('a'):gsub('a', function() return {} end)", "invalid replacement");
}

// All of these would hold a thread for ever, or eat all memory.
static void test_limits(void **state) {
    struct desk *d = *state;
    static const char *const endless[] = {
        "while true do end",
        "return ('a'):rep(1e6):find('.-.-.-b')",
        "return ('a'):rep(1e6):match('(.*)(.*)(.*)x')",
        "return ('a'):rep(1e5):gsub('.-.-.-b', '')",
        "for w in ('a'):rep(1e6):gmatch('.-.-b') do end",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(pcall, function() error('x') end) end",
        "local function f() return f() end f()",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "local c = coroutine.wrap(function() while true do coroutine.yield() end end) "
        "while true do c() end",
        "while true do xpcall(function() while true do end end, function() while true do end end) "
        "end",
        "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) "
        "while true do pcall(function() return t[1] end) end",
        "while true do tile38.call('ping') end",
        "while true do tile38.pcall('nonsense') end",
        "local s = ('x'):rep(8e6) while true do local t = s:upper() end",
        "table.sort({3, 2, 1, 5, 4}, function() while true do end end)",
        "local t = {} for i = 1, 30 do t = {t, t} end return t",
        "local t = {} for i = 1, 30 do t = {t, t} end return json.encode(t)",
        "return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
        "while true do json.decode('[1,2,3]') end",
        // ranges that take no memory, walked in C
        "table.insert(setmetatable({}, {__len = function() return 1 << 53 end}), 1, 1)",
        "table.remove(setmetatable({}, {__len = function() return 1 << 53 end}), 1)",
        "table.sort(setmetatable({}, {__len = function() return 1 << 30 end, __index = rawlen, "
        "__newindex = rawget}))",
        "table.sort(setmetatable({}, {__len = function() return 1 << 30 end, __index = rawlen, "
        "__newindex = rawget}), math.ult)",
        "return table.concat(setmetatable({}, {__index = table.concat}), '', 1, 1 << 53)",
        "goto a ::a:: goto a",
        "local x <close> = setmetatable({}, {__close = function() while true do end end}) "
        "while true do end",
        "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() "
        "while true do end end}) while true do end end)()",
        "local c = coroutine.create(function() local x <close> = setmetatable({}, {__close = "
        "function() while true do end end}) while true do end end) while true do "
        "coroutine.resume(c) end",
    };
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        struct str got;
        say(d, "EVAL", endless[i], "0", &got);
        bool timeout = strcmp(got.p, "-ERR timeout\r\n") == 0;
        if (!timeout && !strstr(got.p, "not enough memory")) {
            print_message("%s\n-> %.200s\n", endless[i], got.p);
            fail();
        }
    }
    static const char *const greedy[] = {
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "local s = 'x' while true do s = s .. s end",
        "return ('x'):rep(1e9)",
        "return ('x'):rep(1e6):rep(1e6)",
        "local t = {} while true do t = {t, ('y'):rep(1e5) .. #t} end",
        "return table.concat(setmetatable({}, {__len = function() return 1e9 end}), 'x')",
        "table.move({}, 1, 1e15, 2)",
        "return unpack({}, 1, 1e8)",
        "local function f(n) return 1 + f(n) end return f(1)",
        "local function f(n) pcall(f, n) return 1 + f(n) end return f(1)",
        "return string.format('%099999d', 1)",
    };
    for (size_t i = 0; i < sizeof greedy / sizeof greedy[0]; i++) {
        struct str got;
        say(d, "EVAL", greedy[i], "0", &got);
        if (got.p[0] != '-') print_message("%s\n-> %.200s\n", greedy[i], got.p);
        assert_int_equal(got.p[0], '-');
    }
    assert_script(d, "return 1", "0", ":1\r\n"); // and all goes on
}

static enum status where(struct desk *d, const char *script, const struct object *o, bool *match,
                         struct reason *why) {
    static const struct str args[] = {{"10", 2}};
    struct where_script w = {.text = str_of(script), .args = args, .arg_count = 1};
    struct command_call call = {.commands = d->commands,
                                .client = &d->client,
                                .arena = &d->arena,
                                .reader = d->reader,
                                .why = why};
    enum status st = scripts_where(&call, &w, NULL, match);
    return st == STATUS_OK ? scripts_where(&call, &w, o, match) : st;
}

static void test_where(void **state) {
    struct desk *d = *state;
    static const struct {
        const char *script;
        bool match;
    } table[] = {
        {"return FIELDS.speed > tonumber(ARGV[1])", true},
        {"return FIELDS.speed > 100", false},
        {"return FIELDS.name == 'van'", true},
        {"return FIELDS.none", false},
        {"return FIELDS.on", true},
        {"return 0", false},
        {"return 0.5", true},
        {"return ''", false},
        {"return 'x'", true},
        {"return {}", false},
        {"return {false}", true},
        {"return {a = 1}", true},
        {"return ID == 'truck'", true},
        {"return PROPERTIES.tags[2] == 'b'", true},
        {"return", false},
    };
    uint64_t lsn;
    bool match = false;
    struct reason why = {"", ""};
    struct change change = {
        .kind = CHANGE_PUT,
        .collection = STR("fleet"),
        .draft = {.id = STR("truck"),
                  .point = {1, 2},
                  .properties = STR("{\"name\":\"van\",\"on\":true,\"speed\":12.5,"
                                    "\"tags\":[\"a\",\"b\"]}")}};
    struct change_result result;
    struct object o;
    engine_enter(d->engine, d->reader);
    assert_int_equal(engine_apply(d->engine, d->reader, &change, 1, &result, &lsn, &why),
                     STATUS_OK);
    assert_int_equal(engine_get(d->engine, d->reader, STR("fleet"), STR("truck"), &o, &why),
                     STATUS_OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(where(d, table[i].script, &o, &match, &why), STATUS_OK);
        if (match != table[i].match) print_message("%s\n", table[i].script);
        assert_int_equal(match, table[i].match);
    }
    assert_int_not_equal(where(d, "return =", &o, &match, &why), STATUS_OK);
    assert_non_null(strstr(why.text, "unexpected symbol"));
    assert_int_not_equal(where(d, "return tile38.call('ping')", &o, &match, &why), STATUS_OK);
    assert_non_null(strstr(why.text, "command not supported in scripts"));
    assert_int_equal(where(d, "while true do end", &o, &match, &why), STATUS_TIMEOUT);
    engine_leave(d->engine, d->reader);
    arena_reset(&d->arena);
}

static int open_desk(void **state) {
    static struct desk d;
    desk_open(&d);
    // With a shorter time than the default.
    commands_free(d.commands);
    struct commands_options options = {.engine = d.engine,
                                       .metrics = NULL,
                                       .script_time_ms = 120,
                                       .script_memory_bytes = 24 << 20};
    assert_int_equal(commands_new(&options, &d.commands), STATUS_OK);
    *state = &d;
    return 0;
}

static int close_desk(void **state) {
    desk_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_sandbox),
        cmocka_unit_test(test_scripts_are_strangers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_where),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
