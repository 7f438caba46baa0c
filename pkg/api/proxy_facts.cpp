#include "pkg/api/proxy_facts.h"

#include "pkg/api/error.h"

namespace kuma::api {
void Compute(const ApiDeps& deps, const Reply& reply, std::function<Answer()> make) {
  // Snapshots come on the mesh loop, which has better things to do.
  auto work = std::make_shared<std::function<Answer()>>(std::move(make));
  io::WorkerPool* workers = deps.background != nullptr ? deps.background : deps.workers;
  if (workers != nullptr && workers->TrySubmit([work, reply] { reply((*work)()); })) return;
  reply((*work)());
}

void WithDataplane(const ApiDeps& deps, const RequestPtr& request, const Reply& reply, const DataplaneBody& body,
                   const MissingTitles& titles) {
  if (std::optional<Answer> missing = CheckMesh(deps, *request, titles.mesh); missing.has_value()) return reply(std::move(*missing));
  const Result<ResourcePtr> found = deps.store.Get({"Dataplane", request->Param("mesh"), request->Param("name")});
  if (!found.ok()) return reply(Fail(found.error(), titles.dataplane));
  deps.snapshots.WithSnapshot(request->Param("mesh"), [&deps, request, reply, body, titles](mesh::SnapshotPtr snapshot) {
    Compute(deps, reply, [request, body, snapshot, titles] {
      const auto dataplane = snapshot == nullptr ? nullptr : snapshot->FindDataplane(request->Param("name"));
      if (dataplane == nullptr) return NotFoundAnswer(titles.dataplane);
      return body(snapshot, *dataplane, *request);
    });
  });
}

bool IsConnected(const Json& insight) {
  const Json& subscriptions = Get(insight, "subscriptions");
  return subscriptions.is_array() && !subscriptions.empty() && Get(subscriptions.back(), "disconnectTime").is_null();
}

std::optional<bool> ReadBool(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

}  // namespace kuma::api
