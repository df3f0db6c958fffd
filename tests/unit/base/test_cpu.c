// test_cpu.c - what cpu.h says is what the kernel says.

#include "support/support.h"

#include "base/cpu.h"

static bool kernel_says(const char *flag) {
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[8192], word[32];
    bool found = false;
    snprintf(word, sizeof word, " %s ", flag);
    while (f && !found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = ' ';
        found = strncmp(line, "flags", 5) == 0 && strstr(line, word);
    }
    if (f) {
        fclose(f);
    }
    return found;
}

static void flags_agree_with_the_kernel(void **state) {
    (void)state;
    assert_int_equal(cpu_has_sse42(), kernel_says("sse4_2"));
    assert_int_equal(cpu_has_avx2(), kernel_says("avx2"));
    assert_int_equal(cpu_has_avx512(), kernel_says("avx512f") && kernel_says("avx512bw") &&
                                           kernel_says("avx512dq") && kernel_says("avx512vl"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(flags_agree_with_the_kernel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
