#include "pkg/api/page_marks.h"

#include <catch2/catch.hpp>

#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

class HandClock final : public Clock {
 public:
  SystemTime Now() const override { return {}; }
  MonotonicTime Monotonic() const override { return now; }
  MonotonicTime now{std::chrono::hours(1)};
};

std::vector<ResourcePtr> List(const std::string& names) {
  std::vector<ResourcePtr> items;
  for (const std::string& name : Split(names, ' ')) {
    auto resource = std::make_shared<Resource>();
    resource->meta.key = {"Dataplane", "default", name};
    items.push_back(resource);
  }
  return items;
}

struct Reader {
  PageMarks& marks;
  size_t offset = 0;
  bool done = false;

  std::string Next(const std::vector<ResourcePtr>& items, size_t size = 2) {
    const size_t begin = marks.Begin("/dataplanes", offset, items);
    const size_t end = std::min(begin + size, items.size());
    std::string names;
    for (size_t i = begin; i < end; ++i) names += (names.empty() ? "" : " ") + items[i]->meta.name();
    done = end == items.size();
    if (!done) offset = marks.Next("/dataplanes", offset, size, items[end - 1]->meta.key);
    return names;
  }
};

}  // namespace

TEST_CASE("pages fit together whatever is written between them") {
  const HandClock clock;
  PageMarks marks(clock);
  Reader reader{marks};

  SECTION("nothing changes: offsets are plain") {
    const auto items = List("a b c d e");
    CHECK(reader.Next(items) == "a b");
    CHECK(reader.offset == 2);
    CHECK(reader.Next(items) == "c d");
    CHECK(reader.offset == 4);
    CHECK(reader.Next(items) == "e");
    CHECK(reader.done);
  }
  SECTION("added before the place: nothing twice") {
    CHECK(reader.Next(List("b c d e")) == "b c");
    CHECK(reader.Next(List("a b bb c d e")) == "d e");
    CHECK(reader.done);
  }
  SECTION("deleted before the place, and the last one shown: nothing skipped") {
    CHECK(reader.Next(List("a b c d e")) == "a b");
    CHECK(reader.Next(List("c d e")) == "c d");
    CHECK(reader.Next(List("c e")) == "e");
  }
  SECTION("two readers of two states") {
    Reader other{marks};
    CHECK(reader.Next(List("a b c d")) == "a b");
    CHECK(other.Next(List("a1 a2 b c d")) == "a1 a2");
    CHECK(other.offset != reader.offset);
    CHECK(reader.Next(List("a1 a2 b c d")) == "c d");
    CHECK(other.Next(List("a1 a2 b c d")) == "b c");
    CHECK(other.Next(List("a1 a2 b c d")) == "d");
  }
}

TEST_CASE("offsets that this control plane did not give count from the beginning") {
  HandClock clock;
  PageMarks marks(clock);
  const auto items = List("a b c d e");
  CHECK(marks.Begin("/dataplanes", 3, items) == 3);
  CHECK(marks.Begin("/dataplanes", 100, items) == 5);
  CHECK(marks.Begin("/dataplanes", SIZE_MAX, items) == 5);
  Reader reader{marks};
  CHECK(reader.Next(items) == "a b");
  CHECK(marks.Begin("/zones", reader.offset, List("b c d e f")) == 2);  // another list
  clock.now += std::chrono::minutes(10);
  CHECK(reader.Next(List("x1 x2 x3")) == "x3");
}

}  // namespace kuma::api
