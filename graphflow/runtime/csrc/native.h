// What the compiled kernels and the machine that runs them share.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gf {

using i64 = std::int64_t;

// A kernel gets the addresses of its operands (inputs, then outputs) and its parameters. It returns
// 0, or another number if the values themselves are wrong (an index out of range): the caller then
// asks the NumPy kernel for the message.
using Kernel = int (*)(char** p, const i64* n, const double* f);

// One elementwise operation on a tile: d[i] = op(a[i], b[i], c[i]) for i < n.
using TileOp = void (*)(const void* a, const void* b, const void* c, void* d, i64 n);

struct KernelEntry {
  const char* name;
  Kernel run;
};

struct TileEntry {
  const char* name;
  TileOp run;
};

// The kernels of one instruction set. Lists end with a null name.
struct Table {
  const char* isa;
  const KernelEntry* kernels;
  const TileEntry* tiles;
};

const Table* table_base();
const Table* table_avx2();
const Table* table_avx512();

// The tables that this processor can run, the best last.
inline std::vector<const Table*> usable_tables() {
  std::vector<const Table*> found{table_base()};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    found.push_back(table_avx2());
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
      found.push_back(table_avx512());
  }
#endif
  return found;
}

// Matrix products: Fortran-free CBLAS of the library that NumPy carries, or null.
extern void* blas_sgemm;  // cblas_sgemm with 64-bit or 32-bit sizes, as blas_wide says
extern void* blas_dgemm;
extern bool blas_wide;

// Runs work(0..parts-1), the parts on the helper threads where there are any. `cost` is the number
// of microseconds the whole is expected to take on one thread.
void split(i64 parts, double cost, void (*work)(void* context, i64 part), void* context);
int threads_wanted(double cost);

// Fills out[blocks][4] with the random words of consecutive positions.
void philox(std::uint64_t key, std::uint64_t high, std::uint64_t low, std::uint32_t* out, i64 blocks);

}  // namespace gf
