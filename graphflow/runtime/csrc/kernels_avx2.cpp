// The kernels for avx2. Every instruction set is compiled from the same files.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "native.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define GF_BYTES 32
namespace gf {
namespace {
#include "tiles.inc"
#include "kernels.inc"
}  // namespace
}  // namespace gf
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
namespace gf {
const Table* table_avx2() {
  static const Table table{"avx2", kKernels, kTiles};
  return &table;
}
}  // namespace gf
#else
namespace gf {
const Table* table_avx2() { return nullptr; }
}  // namespace gf
#endif
