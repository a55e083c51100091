// The kernels for avx512. Every instruction set is compiled from the same files.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "native.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif
#define GF_BYTES 64
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
const Table* table_avx512() {
  static const Table table{"avx512", kKernels, kTiles};
  return &table;
}
}  // namespace gf
#else
namespace gf {
const Table* table_avx512() { return nullptr; }
}  // namespace gf
#endif
