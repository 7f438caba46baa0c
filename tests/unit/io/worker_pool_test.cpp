#include "pkg/io/worker_pool.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>

namespace kuma::io {

TEST_CASE("a pool grows while work waits, and no further") {
  WorkerPool pool(4, 64, 0);
  // Only four threads at once get past the latch.
  std::latch together(4);
  std::latch done(4);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(pool.TrySubmit([&] {
      together.arrive_and_wait();
      done.count_down();
    }));
  }
  done.wait();
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::latch all(40);
  for (int i = 0; i < 40; ++i) {
    REQUIRE(pool.TrySubmit([&] {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --running;
      all.count_down();
    }));
  }
  all.wait();
  CHECK(most <= 4);
}

TEST_CASE("stopping a pool finishes what is queued") {
  std::atomic<int> done{0};
  {
    WorkerPool pool(3, 100, 1);
    for (int i = 0; i < 50; ++i) REQUIRE(pool.TrySubmit([&] { ++done; }));
  }
  CHECK(done == 50);
}

}  // namespace kuma::io
