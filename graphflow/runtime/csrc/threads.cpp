// One job at a time is shared with helper threads; who finds them busy works alone.
#include "threads.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "native.h"

namespace gf {

namespace {

struct Pool {
  std::mutex one_job;  // held by the caller whose job is shared
  std::mutex lock;
  std::condition_variable wake;
  std::atomic<i64> next{0}, done{0};
  i64 parts = 0;
  void (*work)(void*, i64) = nullptr;
  void* context = nullptr;
  long job = 0;
  int helpers = 0;
  std::atomic<int> inside{0};  // helpers that look at the job
};

Pool* pool = new Pool;  // never destroyed: helpers may outlive everything else
std::atomic<int> wanted{1};

void help(Pool* p) {
  long seen = 0;
  for (;;) {
    std::unique_lock<std::mutex> held(p->lock);
    p->wake.wait(held, [&] { return p->job != seen; });
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

// What takes less, in microseconds, is done before another core has woken up and got the operands.
constexpr double kWorthSharing = 100;

int threads_wanted(double cost) {
  if (cost < kWorthSharing) return 1;
  const int most = wanted;
  return limit > 0 && limit < most ? limit : most;
}

void split(i64 parts, double cost, void (*work)(void* context, i64 part), void* context) {
  Pool* p = pool;
  if (parts <= 1 || wanted <= 1 || cost < kWorthSharing || !p->one_job.try_lock()) {
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
    try {
      while (p->helpers < wanted - 1) {
        std::thread(help, p).detach();
        ++p->helpers;
      }
    } catch (const std::system_error&) {  // the system gives no more: those that are there do it
    }
    p->parts = parts;
    p->work = work;
    p->context = context;
    p->done = 0;
    p->next = 0;
    ++p->job;
  }
  p->wake.notify_all();
  for (i64 i; (i = p->next.fetch_add(1)) < parts;) {
    work(context, i);
    ++p->done;
  }
  while (p->done < parts || p->inside) std::this_thread::yield();
  p->one_job.unlock();
}

}  // namespace gf
