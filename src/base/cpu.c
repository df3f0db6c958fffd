// cpu.c - CPUID by way of the compiler's run-time library, which reads it (and XCR0) once at start.

#include "base/cpu.h"

#if defined(__x86_64__)

bool cpu_has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

bool cpu_has_avx512(void) {
    return cpu_has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

bool cpu_has_sse42(void) {
    return __builtin_cpu_supports("sse4.2");
}

#else

bool cpu_has_avx2(void) {
    return false;
}

bool cpu_has_avx512(void) {
    return false;
}

bool cpu_has_sse42(void) {
    return false;
}

#endif
