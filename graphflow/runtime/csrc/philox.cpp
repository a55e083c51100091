// Philox4x32-10: four random words from a 128-bit position and a 64-bit key.
#include "native.h"

namespace gf {

void philox(std::uint64_t key, std::uint64_t high, std::uint64_t low, std::uint32_t* out, i64 blocks) {
  constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kStep0 = 0x9E3779B9, kStep1 = 0xBB67AE85;
  for (i64 i = 0; i < blocks; ++i, out += 4) {
    std::uint32_t c0 = (std::uint32_t)low, c1 = (std::uint32_t)(low >> 32);
    std::uint32_t c2 = (std::uint32_t)high, c3 = (std::uint32_t)(high >> 32);
    std::uint32_t k0 = (std::uint32_t)key, k1 = (std::uint32_t)(key >> 32);
    for (int round = 0; round < 10; ++round, k0 += kStep0, k1 += kStep1) {
      const std::uint64_t p0 = (std::uint64_t)kMultiplier0 * c0;
      const std::uint64_t p1 = (std::uint64_t)kMultiplier1 * c2;
      c0 = (std::uint32_t)(p1 >> 32) ^ c1 ^ k0;
      c2 = (std::uint32_t)(p0 >> 32) ^ c3 ^ k1;
      c1 = (std::uint32_t)p1;
      c3 = (std::uint32_t)p0;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
    if (++low == 0) ++high;
  }
}

}  // namespace gf
