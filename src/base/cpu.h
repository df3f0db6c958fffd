// cpu.h - what this processor can do, asked once.

#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>

/// CPUID says so and the operating system saves the registers.
bool cpu_has_avx2(void);
bool cpu_has_avx512(void); // F, BW, DQ, VL
bool cpu_has_sse42(void);

#endif
