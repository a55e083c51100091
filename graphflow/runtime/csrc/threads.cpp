// One job at a time is shared with helper threads; who finds them busy works alone. A helper without
// work looks out for more for a moment before it sleeps, since waking one up takes long.
#include "threads.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "native.h"

namespace gf {

namespace {

// What takes less, in microseconds, is done before another core has got the operands; or, if the
// helpers sleep, before one has woken up.
constexpr double kWorthSharing = 25, kWorthWaking = 100;
// How long a helper looks out for more work.
constexpr std::int64_t kMoment = 100000;  // nanoseconds

std::int64_t now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

inline void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

struct Pool {
  std::mutex one_job;  // held by the caller whose job is shared
  std::mutex lock;
  std::condition_variable wake;
  std::atomic<i64> next{0}, done{0};
  i64 parts = 0;
  void (*work)(void*, i64) = nullptr;
  void* context = nullptr;
  std::atomic<long> job{0};
  long calls = 0;  // how often helpers were told that there will be work
  int helpers = 0;
  std::atomic<int> inside{0};          // helpers that look at the job
  std::atomic<int> awake{0};           // helpers that work or look out
  std::atomic<std::int64_t> lately{0};  // when there was work to share
};

Pool* pool = new Pool;  // never destroyed: helpers may outlive everything else
std::atomic<int> wanted{1};

void help(Pool* p) {
  long seen = 0;
  for (;;) {
    for (const std::int64_t end = now() + kMoment; p->job == seen && now() < end;)
      for (int i = 0; i < 8 && p->job == seen; ++i) pause();
    std::unique_lock<std::mutex> held(p->lock);
    if (p->job == seen) {
      const long calls = p->calls;
      --p->awake;
      p->wake.wait(held, [&] { return p->job != seen || p->calls != calls; });
      ++p->awake;
      if (p->job == seen) continue;
    }
    seen = p->job;
    const i64 parts = p->parts;
    auto work = p->work;
    void* context = p->context;
    ++p->inside;
    held.unlock();
    for (i64 i; (i = p->next.fetch_add(1)) < parts;) {
      work(context, i);
      ++p->done;
    }
    --p->inside;
  }
}

// With the pool's lock held: starts the helpers that are not there yet.
void start_helpers(Pool* p) {
  try {
    while (p->helpers < wanted - 1) {
      std::thread(help, p).detach();
      ++p->helpers;
      ++p->awake;
    }
  } catch (const std::system_error&) {  // the system gives no more: those that are there do it
  }
}

// Wakes the helpers before there is work.
void call_helpers(Pool* p) {
  {
    std::unique_lock<std::mutex> held(p->lock);
    start_helpers(p);
    ++p->calls;
  }
  p->wake.notify_all();
}

void forget_helpers() {  // in the child of a fork there are none
  pool = new Pool;
}

}  // namespace

void set_threads(int n) {
  static bool watched = false;
  if (!watched) {
    pthread_atfork(nullptr, nullptr, forget_helpers);
    watched = true;
  }
  wanted = n < 1 ? 1 : n > 8 ? 8 : n;
}

static thread_local int limit = 0;  // of the code that this thread runs; 0: none

void limit_threads(int n) { limit = n; }

// How many parts do not depend on who is awake: rounding may differ from part to part, and a program
// is to give the same numbers whenever it runs.
int threads_wanted(double cost) {
  const int all = wanted, most = limit > 0 && limit < all ? limit : all;
  if (cost < kWorthSharing || most <= 1) return 1;
  Pool* p = pool;
  const std::int64_t time = now();
  const bool again = time - p->lately.exchange(time) < kMoment;
  if (cost < kWorthWaking && again && !p->awake) call_helpers(p);  // for what comes next
  return most;
}

void split(i64 parts, double cost, void (*work)(void* context, i64 part), void* context) {
  Pool* p = pool;
  const bool shared = wanted > 1 && (cost >= kWorthWaking || (cost >= kWorthSharing && p->awake));
  if (parts <= 1 || !shared || !p->one_job.try_lock()) {
    for (i64 i = 0; i < parts; ++i) work(context, i);
    return;
  }
  {
    std::unique_lock<std::mutex> held(p->lock);
    while (p->inside) {  // a helper that woke late still looks at the job before
      held.unlock();
      std::this_thread::yield();
      held.lock();
    }
    start_helpers(p);
    p->parts = parts;
    p->work = work;
    p->context = context;
    p->done = 0;
    p->next = 0;
    ++p->job;
  }
  if (p->awake < p->helpers) p->wake.notify_all();
  for (i64 i; (i = p->next.fetch_add(1)) < parts;) {
    work(context, i);
    ++p->done;
  }
  for (int turn = 0; p->done < parts || p->inside; ++turn)
    turn < 1000 ? pause() : std::this_thread::yield();
  p->one_job.unlock();
}

}  // namespace gf
