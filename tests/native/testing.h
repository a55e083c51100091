// What the tests of the kernels stand on: guarded arrays, comparisons, the tables to test.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "../../graphflow/runtime/csrc/native.h"
#include "../../graphflow/runtime/csrc/threads.h"

namespace gf {

inline long checks = 0;
inline std::string subject;  // what is being tested, for the message of a failure
inline const Table* table;
inline std::set<std::string> tested;  // names of the table

[[noreturn]] inline void failed(const std::string& what) {
  std::fprintf(stderr, "FAILED %s %s: %s\n", table ? table->isa : "", subject.c_str(), what.c_str());
  std::exit(1);
}
inline void crashed(int signal) {
  std::fprintf(stderr, "FAILED %s %s: signal %d, a read or write outside of an array?\n",
               table ? table->isa : "", subject.c_str(), signal);
  _exit(1);
}

// n items whose end is the end of what may be read; the bytes before them are watched for writes.
template <class T>
class Array {
 public:
  explicit Array(i64 n, T value = T()) : n_(n) {
    const i64 page = sysconf(_SC_PAGESIZE);
    bytes_ = (n * (i64)sizeof(T) + kBefore + page - 1) / page * page;
    void* found = mmap(nullptr, bytes_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
    if (found == MAP_FAILED) failed("no memory");
    base_ = (char*)found;
    mprotect(base_ + bytes_, page, PROT_NONE);
    bytes_and_guard_ = bytes_ + page;
    data_ = (T*)(base_ + bytes_ - n * sizeof(T));
    std::memset((char*)data_ - kBefore, kMark, kBefore);
    for (i64 i = 0; i < n; ++i) data_[i] = value;
  }
  explicit Array(const std::vector<T>& from) : Array((i64)from.size()) {
    for (i64 i = 0; i < n_; ++i) data_[i] = from[i];
  }
  Array(const Array& other) : Array(other.n_) {
    if (n_) std::memcpy(data_, other.data_, n_ * sizeof(T));
  }
  Array& operator=(const Array&) = delete;
  ~Array() {
    const unsigned char* before = (const unsigned char*)data_ - kBefore;
    for (i64 i = 0; i < kBefore; ++i)
      if (before[i] != kMark) failed("a write before the start of an array");
    munmap(base_, bytes_and_guard_);
  }
  T& operator[](i64 i) { return data_[i]; }
  const T& operator[](i64 i) const { return data_[i]; }
  i64 size() const { return n_; }
  T* data() { return data_; }
  operator char*() { return (char*)data_; }

 private:
  static constexpr i64 kBefore = 64;
  static constexpr unsigned char kMark = 0xA5;
  i64 n_, bytes_, bytes_and_guard_;
  char* base_;
  T* data_;
};

inline std::mt19937& dice() {
  static std::mt19937 made(20160605);
  return made;
}
inline i64 below(i64 n) { return (i64)(dice()() % (std::uint32_t)n); }
// Numbers of either sign, of a size near 1.
template <class T>
Array<T> random_array(i64 n, double low = -2, double high = 2) {
  Array<T> made(n);
  for (i64 i = 0; i < n; ++i) made[i] = (T)(low + (high - low) * (dice()() / 4294967296.0));
  return made;
}

inline std::string text(double x) {
  char made[64];
  std::snprintf(made, sizeof made, "%.9g", x);
  return made;
}
inline std::string text(const std::vector<i64>& sizes) {
  std::string made = "[";
  for (i64 n : sizes) made += (made.size() > 1 ? " " : "") + std::to_string(n);
  return made + "]";
}

// Equal, nan with nan; zeros of different signs are equal only if `zeros`.
template <class T>
void equal(T got, T want, i64 at, bool zeros = false) {
  ++checks;
  const bool both_nan = got != got && want != want;
  const bool same_sign = zeros || std::signbit((double)got) == std::signbit((double)want);
  if (!both_nan && !(got == want && same_sign))
    failed("item " + std::to_string(at) + " is " + text((double)got) + ", not " + text((double)want));
}
// `room` is the error that the terms of a sum may leave.
inline void near(double got, double want, double room, i64 at) {
  ++checks;
  if (got != got && want != want) return;
  if (got != want && !(std::fabs(got - want) <= room))
    failed("item " + std::to_string(at) + " is " + text(got) + ", not " + text(want) + " +- " +
           text(room));
}
inline void is_true(bool holds, const char* what) {
  ++checks;
  if (!holds) failed(what);
}

inline Kernel kernel(const std::string& name) {
  tested.insert(name);
  subject = name;
  for (const KernelEntry* k = table->kernels; k->name; ++k)
    if (name == k->name) return k->run;
  failed("no kernel has this name");
}
inline TileOp tile(const std::string& name) {
  tested.insert(name);
  subject = name;
  for (const TileEntry* t = table->tiles; t->name; ++t)
    if (name == t->name) return t->run;
  failed("no operation on tiles has this name");
}
// Runs a kernel by name; a failure names its sizes.
inline int run(const std::string& name, std::vector<char*> operands, const std::vector<i64>& sizes,
               const std::vector<double>& numbers = {}) {
  Kernel found = kernel(name);
  subject = name + " " + text(sizes);
  return found(operands.data(), sizes.data(), numbers.data());
}

}  // namespace gf
