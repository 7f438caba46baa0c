#include "pkg/base/label_map.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <thread>

using namespace kuma;

TEST_CASE("a LabelMap does what a std::map does, and copies stay as they were") {
  std::mt19937 random(7);
  const auto roll = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
  for (int round = 0; round < 200; ++round) {
    LabelMap map;
    std::map<std::string, std::string> model;
    std::vector<std::pair<LabelMap, std::map<std::string, std::string>>> copies;
    for (int step = 0; step < 40; ++step) {
      const std::string key = "key-" + std::to_string(roll(8));
      const std::string value = "a value that does not fit into the string itself " + std::to_string(step);
      switch (roll(6)) {
        case 0:
          map[key] = value;
          model[key] = value;
          break;
        case 1: CHECK(map.emplace(key, value).second == model.emplace(key, value).second); break;
        case 2: CHECK(map.erase(key) == model.erase(key)); break;
        case 3:
          if (const auto found = map.find(key); found != map.end()) map.erase(found);
          model.erase(key);
          break;
        case 4: copies.emplace_back(map, model); break;
        default: CHECK(map.contains(key) == model.contains(key));
      }
    }
    copies.emplace_back(map, model);
    for (const auto& [copy, expected] : copies) {
      CHECK(std::map<std::string, std::string>(copy.begin(), copy.end()) == expected);
      CHECK(copy == LabelMap(expected.begin(), expected.end()));
    }
  }
}

TEST_CASE("of equal keys the first stays, order does not matter") {
  const LabelMap map{{"b", "1"}, {"a", "2"}, {"b", "3"}};
  CHECK(map.size() == 2);
  CHECK(map.begin()->first == "a");
  CHECK(map.at("b") == "1");
  CHECK(map == LabelMap{{"a", "2"}, {"b", "1"}});
  CHECK(LabelMap{{"a", "1"}} < LabelMap{{"a", "2"}});
  CHECK(LabelMap() == LabelMap(map.end(), map.end()));
}

TEST_CASE("copies are changed on several threads at once") {
  const LabelMap shared{{"kuma.io/service", "backend"}, {"version", "v1"}};
  std::vector<LabelMap> results(4);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 1000; ++round) {
        LabelMap mine = shared;
        mine["thread"] = std::to_string(i);
        results[i] = mine;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < results.size(); ++i) CHECK(results[i].at("thread") == std::to_string(i));
  CHECK(shared.size() == 2);
}
