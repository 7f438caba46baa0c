#include "pkg/store/postgres/mirror.h"

#include "tests/conformance/store/suite.h"

namespace kuma::store::postgres {
namespace {

const ResourceKey kMesh{"Mesh", "", "m"};
const ResourceKey kChild{"Dataplane", "m", "d"};

ResourcePtr At(const ResourceKey& key, uint64_t version, int life = 1) {
  Resource resource = conformance::Make(key.type, key.mesh, key.name, {{"v", version}, {"life", life}});
  resource.meta.version = version;
  resource.meta.creation_time = SystemTime(std::chrono::seconds(life));
  return std::make_shared<const Resource>(std::move(resource));
}

FetchedRow Row(const ResourcePtr& resource, std::optional<ResourceKey> owner = std::nullopt) {
  return {resource->meta.key, true, {resource->meta.version, resource->meta.creation_time}, resource, std::move(owner)};
}

FetchedRow Gone(const ResourceKey& key) { return FetchedRow{.key = key, .exists = false, .resource = nullptr, .owner = std::nullopt}; }

std::string Describe(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) {
    const auto version = [](const ResourcePtr& r) { return r ? std::to_string(r->meta.version) : std::string("-"); };
    text += event.meta().name() + ":" + version(event.old_value) + ">" + version(event.new_value) + " ";
  }
  return text;
}

using Keys = std::vector<ResourceKey>;

}  // namespace

TEST_CASE("answers and notifications in any order end in the database's state") {
  Mirror mirror;
  const std::unique_ptr<Watch> watch = mirror.StartWatch([] {});

  SECTION("the notification of a create comes before its answer") {
    const Mirror::Operation mine(mirror);
    {
      const Mirror::Operation feed(mirror);
      CHECK(mirror.ApplyFetched(feed.ticket(), {Row(At(kMesh, 1))}).empty());
    }
    CHECK(mirror.ApplyCreate(mine.ticket(), At(kMesh, 1), std::nullopt).empty());
    CHECK(Describe(watch->Take()) == "m:->1 ");
  }
  SECTION("another process deletes what we created before we hear of our success") {
    const Mirror::Operation mine(mirror);
    {
      const Mirror::Operation feed(mirror);
      CHECK(mirror.ApplyFetched(feed.ticket(), {Gone(kMesh)}).empty());
    }
    CHECK(mirror.ApplyCreate(mine.ticket(), At(kMesh, 1), std::nullopt) == Keys{kMesh});
    CHECK(mirror.Find(kMesh) == nullptr);
  }
  SECTION("a row that was read before our delete does not come back") {
    { const Mirror::Operation first(mirror); (void)mirror.ApplyCreate(first.ticket(), At(kMesh, 1), std::nullopt); }
    const Mirror::Operation feed(mirror);
    { const Mirror::Operation mine(mirror); CHECK(mirror.ApplyDelete(mine.ticket(), {kMesh}).empty()); }
    CHECK(mirror.ApplyFetched(feed.ticket(), {Row(At(kMesh, 2))}) == Keys{kMesh});
    CHECK(mirror.Find(kMesh) == nullptr);
    CHECK(Describe(watch->Take()) == "m:->1 m:1>- ");
  }
  SECTION("a new life that was seen before the answer to our delete stays") {
    { const Mirror::Operation first(mirror); (void)mirror.ApplyCreate(first.ticket(), At(kMesh, 5), std::nullopt); }
    const Mirror::Operation mine(mirror);
    { const Mirror::Operation feed(mirror); CHECK(mirror.ApplyFetched(feed.ticket(), {Row(At(kMesh, 1, 2))}).empty()); }
    CHECK(mirror.ApplyDelete(mine.ticket(), {kMesh}) == Keys{kMesh});
    CHECK(mirror.Find(kMesh)->meta.version == 1);
    CHECK(Describe(watch->Take()) == "m:->5 m:5>- m:->1 ");
  }
  SECTION("answers to two updates arrive in the wrong order") {
    const Mirror::Operation a(mirror), b(mirror);
    (void)mirror.ApplyCreate(a.ticket(), At(kMesh, 1), std::nullopt);
    CHECK(mirror.ApplyUpdate(b.ticket(), At(kMesh, 3)).empty());
    CHECK(mirror.ApplyUpdate(a.ticket(), At(kMesh, 2)).empty());
    CHECK(Describe(watch->Take()) == "m:->1 m:1>3 ");
  }
  SECTION("a fetched row that is older than what we wrote meanwhile is passed over") {
    { const Mirror::Operation first(mirror); (void)mirror.ApplyCreate(first.ticket(), At(kMesh, 1), std::nullopt); }
    const Mirror::Operation feed(mirror);
    { const Mirror::Operation mine(mirror); (void)mirror.ApplyUpdate(mine.ticket(), At(kMesh, 3)); }
    CHECK(mirror.ApplyFetched(feed.ticket(), {Row(At(kMesh, 2))}).empty());
    CHECK(mirror.Find(kMesh)->meta.version == 3);
  }
  SECTION("a database that was set back wins") {
    { const Mirror::Operation first(mirror); (void)mirror.ApplyCreate(first.ticket(), At(kMesh, 7), std::nullopt); }
    const Mirror::Operation feed(mirror);
    CHECK(mirror.ApplyFetched(feed.ticket(), {Row(At(kMesh, 2))}).empty());
    CHECK(mirror.Find(kMesh)->meta.version == 2);
  }
  SECTION("the owner's end takes along what it owns, children first") {
    const Mirror::Operation feed(mirror);
    CHECK(mirror.ApplyFetched(feed.ticket(), {Row(At(kMesh, 1)), Row(At(kChild, 1), kMesh)}).empty());
    const Mirror::Operation later(mirror);
    CHECK(mirror.ApplyFetched(later.ticket(), {Gone(kMesh), Gone(kChild)}).empty());
    CHECK(Describe(watch->Take()) == "m:->1 d:->1 d:1>- m:1>- ");
    CHECK(mirror.States().empty());
  }
  SECTION("an owner that is gone waits for what it owns to be looked at again") {
    { const Mirror::Operation first(mirror); (void)mirror.ApplyCreate(first.ticket(), At(kMesh, 1), std::nullopt); }
    const Mirror::Operation slow(mirror);
    { const Mirror::Operation mine(mirror); (void)mirror.ApplyCreate(mine.ticket(), At(kChild, 1), kMesh); }
    CHECK(mirror.ApplyFetched(slow.ticket(), {Gone(kMesh)}) == Keys{kMesh});
    CHECK(mirror.Find(kChild) != nullptr);
    const Mirror::Operation again(mirror);
    CHECK(mirror.ApplyFetched(again.ticket(), {Gone(kMesh)}).empty());
    CHECK(Describe(watch->Take()) == "m:->1 d:->1 d:1>- m:1>- ");
  }
  SECTION("an unchanged row makes no event; one that is unknown here is asked for with its content") {
    const Mirror::Operation feed(mirror);
    CHECK(mirror.ApplyFetched(feed.ticket(), {Row(At(kMesh, 1))}).empty());
    FetchedRow same = Row(At(kMesh, 1));
    same.resource = nullptr;
    FetchedRow unknown = Row(At(kChild, 1));
    unknown.resource = nullptr;
    CHECK(mirror.ApplyFetched(feed.ticket(), {same, unknown}) == Keys{kChild});
    CHECK(watch->Take().size() == 1);
  }
}

}  // namespace kuma::store::postgres
