// The GEO commands of Redis; the expected answers are redis-server 7.0.15's.

#include "unit/command/support.h"

static void members(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
                 ":2\r\n");
    assert_reply(&d, "GEOADD Sicily 13.361389 38.115556 Palermo", ":0\r\n");
    assert_reply(&d, "GEOADD Sicily CH 13.4 38.115556 Palermo 1 1 new", ":2\r\n");
    assert_reply(&d, "GEOADD Sicily NX 13.361389 38.115556 Palermo", ":0\r\n");
    assert_reply(&d, "GEOADD Sicily XX CH 13.361389 38.115556 Palermo 1 1 none", ":1\r\n");
    assert_reply(
        &d, "GEOPOS Sicily Palermo none",
        "*2\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n*-1\r\n");
    assert_reply(&d, "GEODIST Sicily Palermo Catania km", "$8\r\n166.2742\r\n");
    assert_reply(&d, "GEODIST Sicily Palermo none", "$-1\r\n");
    assert_reply(&d, "GEOHASH Sicily Palermo Catania none",
                 "*3\r\n$11\r\nsqc8b49rny0\r\n$11\r\nsqdtr74hyu0\r\n$-1\r\n");
    assert_reply(&d, "GEOADD Sicily 200 1 a",
                 "-ERR invalid longitude,latitude pair 200.000000,1.000000\r\n");
    assert_reply(&d, "GEOADD Sicily a 1 a", "-ERR value is not a valid float\r\n");
    assert_reply(&d, "GEOADD Sicily NX XX 1 1 a", "-ERR syntax error\r\n");
    assert_reply(&d, "GEOADD Sicily 1 1",
                 "-ERR wrong number of arguments for 'geoadd' command\r\n");
    assert_reply(&d, "GEODIST Sicily Palermo Catania xx",
                 "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n");
    // The same objects as all other commands see.
    assert_reply(&d, "FSET Sicily Palermo a 1", ":1\r\n");
    assert_reply(&d, "GEOADD Sicily 13.361389 38.2 Palermo", ":0\r\n");
    assert_reply(&d, "FGET Sicily Palermo a", "$1\r\n1\r\n");
    assert_json(&d, "GET Sicily Palermo POINT",
                "{\"ok\":true,\"point\":{\"lat\":38.2,\"lon\":13.361389}}");
    assert_json(&d, "GEOPOS Sicily Palermo",
                "{\"ok\":false,\"err\":\"Redis' GEO commands answer in RESP only: OUTPUT resp\"}");
    desk_close(&d);
}

static void searches(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
                 ":2\r\n");
    static const char *const cases[][2] = {
        {"GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST WITHCOORD WITHHASH",
         "*2\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n*2\r\n$20\r\n"
         "15.08726745843887329\r\n$20\r\n37.50266842333162032\r\n*4\r\n$7\r\nPalermo\r\n$8\r\n190."
         "4424\r\n"
         ":3479099956230698\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38."
         "11555639549629859\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km DESC COUNT 1 WITHDIST",
         "*1\r\n*2\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n"},
        {"GEORADIUS Sicily 15 37 200 km COUNT 1 WITHDIST",
         "*1\r\n*2\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n"},
        {"GEORADIUSBYMEMBER Sicily Palermo 200 km", "*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n"},
        {"GEOSEARCH none FROMLONLAT 1 2 BYRADIUS 1 m", "*0\r\n"},
        {"GEOSEARCH none FROMMEMBER x BYRADIUS 1 m", "*0\r\n"},
        {"GEOSEARCH Sicily FROMMEMBER x BYRADIUS 1 m",
         "-ERR could not decode requested zset member\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 1 2 BYRADIUS -1 m", "-ERR radius cannot be negative\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 1 2 BYRADIUS x m", "-ERR need numeric radius\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 1 2 BYRADIUS 1 q",
         "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 1 2 BYRADIUS 1 m ANY",
         "-ERR the ANY argument requires COUNT argument\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 1 2 BYRADIUS 1 m COUNT 0", "-ERR COUNT must be > 0\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 1 2 BYRADIUS 1 m JUNK", "-ERR syntax error\r\n"},
        {"GEOSEARCH Sicily FROMLONLAT 1 2 BYBOX 1 m", "-ERR syntax error\r\n"},
        {"GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km", ":2\r\n"},
        {"GEOHASH d Palermo", "*1\r\n$11\r\nsqc8b49rny0\r\n"},
        {"GEOSEARCHSTORE d Sicily FROMLONLAT 0 0 BYRADIUS 1 km", ":0\r\n"},
        {"TYPE d", "+none\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_reply(&d, cases[i][0], cases[i][1]);
    }
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members),
        cmocka_unit_test(searches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
