#include "pkg/xds/address_names.h"

#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <mutex>
#include <thread>

namespace kuma::xds {
namespace {

ResourcePtr Proxy(const std::string& name, const std::string& address, const std::string& advertised = "") {
  Resource resource;
  resource.meta.key = {"Dataplane", "default", name};
  resource.spec = {{"networking", {{"address", address}}}};
  if (!advertised.empty()) resource.spec["networking"]["advertisedAddress"] = advertised;
  return std::make_shared<const Resource>(std::move(resource));
}

std::string AddressOf(const ResourcePtr& resource) { return GetString(Get(resource->spec, "networking"), "address"); }

// A loop, a worker and a table of names; what came through `changed` is kept.
class World {
 public:
  World()
      : names_(loop_, workers_, [this](const std::string& name) { return LookUp(name); },
               [this](std::vector<store::Event> events) {
                 for (store::Event& event : events) changes.push_back(std::move(event));
               }) {}

  void Answer(const std::string& name, std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex_);
    table_[name] = std::move(addresses);
  }

  store::Event Tell(ResourcePtr before, ResourcePtr after) { return names_.Resolve({std::move(before), std::move(after), 1}); }

  // Lookups that were asked for have answered, and the loop has seen it.
  void Settle() {
    std::promise<void> done;
    workers_.Submit([&] { done.set_value(); });
    done.get_future().wait();
    loop_.Post([this] { loop_.Stop(); });
    loop_.Run();
  }

  std::vector<store::Event> changes;

 private:
  std::vector<std::string> LookUp(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = table_.find(name);
    return found == table_.end() ? std::vector<std::string>() : found->second;
  }

  io::EventLoop loop_;
  io::WorkerPool workers_{1, 16};
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> table_;  // guarded by mutex_
  AddressNames names_;
};

TEST_CASE("addresses that are no names pass as they are") {
  World world;
  const ResourcePtr proxy = Proxy("web", "192.0.2.1", "2001:db8::1");
  const store::Event told = world.Tell(nullptr, proxy);
  CHECK(told.new_value == proxy);
  world.Settle();
  CHECK(world.changes.empty());
}

TEST_CASE("a name becomes the least of its addresses") {
  World world;
  world.Answer("web.internal", {"192.0.2.9", "192.0.2.10"});
  const ResourcePtr proxy = Proxy("web", "web.internal");
  CHECK(world.Tell(nullptr, proxy).new_value == proxy);  // not known yet
  world.Settle();
  REQUIRE(world.changes.size() == 1);
  CHECK(world.changes[0].old_value == proxy);
  CHECK(AddressOf(world.changes[0].new_value) == "192.0.2.10");

  SECTION("writes and deletes go on from what was given") {
    const store::Event again = world.Tell(proxy, Proxy("web", "web.internal"));
    CHECK(again.old_value == world.changes[0].new_value);
    CHECK(AddressOf(again.new_value) == "192.0.2.10");
    const store::Event gone = world.Tell(proxy, nullptr);
    CHECK(gone.old_value == again.new_value);
    CHECK(gone.new_value == nullptr);
  }
  SECTION("a second proxy of the name needs no lookup") {
    CHECK(AddressOf(world.Tell(nullptr, Proxy("other", "web.internal")).new_value) == "192.0.2.10");
    world.Settle();
    CHECK(world.changes.size() == 1);
  }
  SECTION("an address in place of the name") {
    const ResourcePtr moved = Proxy("web", "192.0.2.50");
    const store::Event told = world.Tell(proxy, moved);
    CHECK(told.old_value == world.changes[0].new_value);
    CHECK(told.new_value == moved);
    CHECK(world.Tell(moved, nullptr).old_value == moved);
  }
}

TEST_CASE("a name that nobody knows changes nothing") {
  World world;
  world.Tell(nullptr, Proxy("web", "nowhere.internal"));
  world.Settle();
  CHECK(world.changes.empty());
}

}  // namespace
}  // namespace kuma::xds
