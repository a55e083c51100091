// Unit tests of the compiled kernels, through the tables of every instruction set this processor has.
//
// Prints the first failure and exits with 1, or prints one line. Needs neither Python nor a BLAS.
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "testing.h"

namespace gf {

void* blas_sgemm = nullptr;
void* blas_dgemm = nullptr;
bool blas_wide = false;

namespace {

#include "array_test.inc"
#include "elementwise_test.inc"
#include "images_test.inc"
#include "picking_test.inc"
#include "product_test.inc"
#include "products_test.inc"
#include "random_test.inc"
#include "resize_test.inc"
#include "training_test.inc"

// Shares work again and again, pieces that take `cost` microseconds, with pauses in which helpers
// fall asleep; false if a part was not done once when split() returned.
bool shares_work(int rounds, double cost = 1e6) {
  bool right = true;
  for (int round = 0; round < rounds; ++round) {
    std::vector<int> done(round % 9);
    auto work = [](void* to, i64 part) {
      std::this_thread::yield();  // so that the helpers get parts too
      ++(*(std::vector<int>*)to)[part];
    };
    threads_wanted(cost);  // asked before, as kernels do
    split((i64)done.size(), cost, work, &done);
    for (int times : done) right &= times == 1;
    if (round % 128 == 127) std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
  return right;
}
void test_threads() {
  subject = "split()";
  set_threads(4);
  bool other_right = false;
  std::thread other([&] { other_right = shares_work(3000); });
  bool right = true;
  for (int round = 0; round < 300; ++round) {
    set_threads(1 + round % 5);
    right &= shares_work(10);
  }
  other.join();
  is_true(right && other_right, "a part was not done once");
  subject = "split() of small pieces";
  set_threads(3);
  is_true(shares_work(3000, 30), "a part was not done once");
  subject = "split() in the child of a fork";
  set_threads(4);
  const pid_t child = fork();
  if (child == 0) _exit(shares_work(30) ? 0 : 1);
  int status = -1;
  is_true(waitpid(child, &status, 0) == child && status == 0, "a part was not done once");
  set_threads(1);
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
  test_images();
  test_products();
  test_resize();
  test_picking();
  test_random();
  more_updates<float>("f32");
  more_updates<double>("f64");
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
