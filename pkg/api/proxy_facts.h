// Shared by routes that compute something about one proxy from the newest facts: they wait for a snapshot and then work beside the
// loops. Internal to pkg/api.
#pragma once

#include <functional>

#include "pkg/api/routes.h"

namespace kuma::api {

// Runs `make` on the background workers, or here when there are none, and replies with what it gives.
void Compute(const ApiDeps& deps, const Reply& reply, std::function<Answer()> make);

// Titles of the answers when something does not exist.
struct MissingTitles {
  const char* mesh = "Failed to retrieve Mesh";
  const char* dataplane = "Could not retrieve Dataplane";
};

using DataplaneBody =
    std::function<Answer(const mesh::SnapshotPtr& snapshot, const mesh::DataplanePtr& dataplane, const ApiRequest& request)>;

// {mesh} and {name} of the route; 404 when one of them does not exist.
void WithDataplane(const ApiDeps& deps, const RequestPtr& request, const Reply& reply, const DataplaneBody& body,
                   const MissingTitles& titles = {});

// By the spec of its insight: its newest subscription has not ended.
bool IsConnected(const Json& insight);

// Go's strconv.ParseBool.
std::optional<bool> ReadBool(const std::string& text);

}  // namespace kuma::api
