// Keeps the counters behind insights right by the store's events. Every control plane has its own; nothing is written. One thread.
#pragma once

#include <memory>
#include <thread>

#include "pkg/insights/mesh_insights.h"
#include "pkg/io/loop.h"
#include "pkg/store/store.h"

namespace kuma::cp {

class InsightFollower {
 public:
  InsightFollower(store::Store& store, insights::MeshInsights& insights) : store_(store), insights_(insights) {}
  ~InsightFollower() { Stop(); }
  void Start();
  void Stop();

 private:
  store::Store& store_;
  insights::MeshInsights& insights_;
  io::EventLoop loop_;
  std::unique_ptr<store::Watch> watch_;
  std::thread thread_;
};

}  // namespace kuma::cp
