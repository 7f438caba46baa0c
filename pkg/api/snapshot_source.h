// What the inspect endpoints ask of the line that computes configurations. The pipeline implements it through PipelineSnapshotSource
// (pipeline_snapshot_source.h); tests use a fake. Thread-safe; callbacks come from any thread, must not block, and come once.
#pragma once

#include <functional>
#include <string>

#include "pkg/mesh/snapshot.h"

namespace kuma::api {

class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  // After every write that happened before the call. Null: no such mesh.
  virtual void WithSnapshot(const std::string& mesh, std::function<void(mesh::SnapshotPtr)> done) = 0;
};

}  // namespace kuma::api
