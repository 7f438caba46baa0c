#include "pkg/store/memory/memory_store.h"

#include "tests/conformance/store/suite.h"

namespace kuma::store {

TEST_CASE("the memory store conforms") {
  conformance::RunStoreConformance([](const Clock& clock) { return std::make_unique<MemoryStore>(clock); });
}

TEST_CASE("a watch wakes once until events are taken") {
  conformance::HandClock clock;
  MemoryStore memory(clock);
  Store& store = memory;
  int wakes = 0;
  const std::unique_ptr<Watch> watch = store.StartWatch([&wakes] { ++wakes; });
  (void)store.Create(conformance::Make("Mesh", "", "a"));
  (void)store.Create(conformance::Make("Mesh", "", "b"));
  CHECK(wakes == 1);
  CHECK(watch->Take().size() == 2);
  (void)store.Create(conformance::Make("Mesh", "", "c"));
  CHECK(wakes == 2);
  CHECK(watch->Take().size() == 1);
}

}  // namespace kuma::store
