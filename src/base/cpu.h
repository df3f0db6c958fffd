// cpu.h - what this processor can do, asked once.

#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>

/// CPUID says so and the operating system saves the registers.
bool cpu_has_avx2(void);   // and BMI, POPCNT
bool cpu_has_avx512(void); // F, BW, DQ, VL; and those
bool cpu_has_sse42(void);

/// In a loop that waits for another processor's store.
static inline void cpu_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

#endif
