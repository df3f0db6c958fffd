// hash.h - hashing of keys and checking of bytes.

#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/// 64-bit hash of bytes for tables, well mixed in every bit, seeded against chosen collisions.
uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed);
/// Bijective mix of 64 bits (splitmix64 finaliser).
uint64_t hash_mix(uint64_t v);
/// CRC-32C (Castagnoli, RFC 3720 B.4), continued from `crc` (start with 0). SSE 4.2 where the CPU has it.
uint32_t hash_crc32c(uint32_t crc, const void *bytes, size_t len);
/// The table-driven twin of hash_crc32c, for tests and CPUs without it.
uint32_t hash_crc32c_soft(uint32_t crc, const void *bytes, size_t len);

#endif
