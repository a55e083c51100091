// Unit tests of the compiled kernels, through the tables of every instruction set this processor has.
//
// Prints the first failure and exits with 1, or prints one line. Needs neither Python nor a BLAS.
#include <algorithm>
#include <atomic>
#include <thread>

#include "testing.h"

namespace gf {

void* blas_sgemm = nullptr;
void* blas_dgemm = nullptr;
bool blas_wide = false;

namespace {

#include "array_test.inc"
#include "elementwise_test.inc"
#include "product_test.inc"

// Two callers share work at a time: each finds every part of its own done once when split() returns.
void test_threads() {
  subject = "split()";
  set_threads(4);
  std::atomic<long> wrong{0};
  auto caller = [&] {
    for (int round = 0; round < 3000; ++round) {
      std::vector<int> done(round % 9);
      split((i64)done.size(), 1e6, [](void* to, i64 part) { ++(*(std::vector<int>*)to)[part]; }, &done);
      for (int times : done) wrong += times != 1;
    }
  };
  std::thread other(caller);
  caller();
  other.join();
  set_threads(1);
  is_true(wrong == 0, "a part was not done once");
}

void test_table() {
  test_elementwise();
  reductions<float>("f32");
  reductions<double>("f64");
  test_softmax();
  test_gemm();
  test_convolutions();
  test_pooling();
  updates<float>("f32");
  updates<double>("f64");
  test_moves();
  tested.insert("gemm.f64");  // it only calls the BLAS
  subject = "the table";
  for (const KernelEntry* k = table->kernels; k->name; ++k)
    if (!tested.count(k->name)) failed(std::string("no test of ") + k->name);
  for (const TileEntry* t = table->tiles; t->name; ++t)
    if (!tested.count(t->name)) failed(std::string("no test of ") + t->name);
}

}  // namespace
}  // namespace gf

int main() {
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) std::signal(signal, gf::crashed);
  gf::test_threads();
  std::string names;
  for (const gf::Table* table : gf::usable_tables()) {
    gf::table = table;
    gf::tested.clear();
    gf::test_table();
    names += std::string(" ") + table->isa;
  }
  std::printf("kernels of%s: %ld checks passed\n", names.c_str(), gf::checks);
}
