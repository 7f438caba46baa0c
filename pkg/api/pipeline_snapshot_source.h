// The SnapshotSource of a running control plane. Used by cmd/.
#pragma once

#include <string>
#include <utility>

#include "pkg/api/snapshot_source.h"
#include "pkg/xds/pipeline.h"

namespace kuma::api {

class PipelineSnapshotSource final : public SnapshotSource {
 public:
  explicit PipelineSnapshotSource(xds::Pipeline& pipeline) : pipeline_(pipeline) {}

  void WithSnapshot(const std::string& mesh, std::function<void(mesh::SnapshotPtr)> done) override { pipeline_.WithSnapshot(mesh, std::move(done)); }

 private:
  xds::Pipeline& pipeline_;
};

}  // namespace kuma::api
