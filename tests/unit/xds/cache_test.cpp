#include "pkg/xds/cache.h"

#include <catch2/catch.hpp>
#include <google/protobuf/any.pb.h>

#include <thread>

#include "envoy/config/cluster/v3/cluster.pb.h"

using namespace kuma;
using namespace kuma::xds;

TEST_CASE("equal resources are one object, built as the Any that Envoy reads") {
  ResourceCache cache;
  envoy::config::cluster::v3::Cluster cluster;
  cluster.set_name("c");
  cluster.set_alt_stat_name(std::string(300, 's'));  // a length of two bytes
  const SealedPtr first = cache.Seal(ResourceType::kCluster, "c", cluster.SerializeAsString());
  CHECK(cache.Seal(ResourceType::kCluster, "c", cluster.SerializeAsString()) == first);
  CHECK(cache.Seal(ResourceType::kCluster, "d", cluster.SerializeAsString()) != first);
  CHECK(cache.Seal(ResourceType::kListener, "c", cluster.SerializeAsString())->digest != first->digest);
  google::protobuf::Any any;
  REQUIRE(any.ParseFromString(first->any));
  CHECK(any.type_url() == TypeUrl(ResourceType::kCluster));
  envoy::config::cluster::v3::Cluster back;
  REQUIRE(any.UnpackTo(&back));
  CHECK(back.alt_stat_name() == cluster.alt_stat_name());
  REQUIRE(any.ParseFromString(cache.Seal(ResourceType::kCluster, "empty", "")->any));
  CHECK(any.value().empty());
}

TEST_CASE("resources die with their last view") {
  ResourceCache cache;
  SealedPtr kept = cache.Seal(ResourceType::kRoute, "kept", "k");
  for (int i = 0; i < 5000; ++i) cache.Seal(ResourceType::kRoute, "r", std::to_string(i));
  CHECK(cache.size() == 1);
  kept = nullptr;
  CHECK(cache.size() == 0);
  CHECK(cache.Seal(ResourceType::kRoute, "kept", "k") != nullptr);
}

TEST_CASE("threads that seal the same share it") {
  ResourceCache cache;
  std::vector<std::vector<SealedPtr>> sealed(4);
  std::vector<std::thread> threads;
  for (auto& mine : sealed) {
    threads.emplace_back([&cache, &mine] {
      for (int i = 0; i < 200; ++i) mine.push_back(cache.Seal(ResourceType::kSecret, "s" + std::to_string(i), "v"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(cache.size() == 200);
  for (const auto& mine : sealed) CHECK(mine == sealed.front());
}

TEST_CASE("views are sorted, shared where equal, and versioned by content") {
  ResourceCache cache;
  const auto of = [&](std::initializer_list<const char*> names, const char* value) {
    std::array<SealedList, kResourceTypeCount> lists;
    for (const char* name : names) lists[0].push_back(cache.Seal(ResourceType::kCluster, name, value));
    lists[2].push_back(cache.Seal(ResourceType::kListener, "l", value));
    return lists;
  };
  const ViewPtr first = MakeView(of({"b", "a", "b"}, "1"), nullptr);
  REQUIRE(first->list(ResourceType::kCluster).size() == 2);
  CHECK(first->list(ResourceType::kCluster)[0]->name == "a");
  REQUIRE(first->Find(ResourceType::kCluster, "b") != nullptr);
  CHECK(first->Find(ResourceType::kCluster, "c") == nullptr);
  const ViewPtr second = MakeView(of({"a", "b"}, "1"), first);
  CHECK(second->versions == first->versions);
  CHECK(second->lists == first->lists);
  CHECK(second->sequence == first->sequence + 1);
  const ViewPtr third = MakeView(of({"a"}, "1"), second);
  CHECK(third->version(ResourceType::kCluster) != second->version(ResourceType::kCluster));
  CHECK(third->lists[2] == second->lists[2]);
  // A way back to the same content is the same version.
  CHECK(MakeView(of({"a", "b"}, "1"), third)->versions == first->versions);
}
