#include "pkg/policy/mesh_proxy_patch/filters.h"

#include <memory>

#include "pkg/envoy/descriptors.h"
#include "pkg/envoy/draft.h"
#include "pkg/envoy/message.h"
#include "pkg/policy/mesh_proxy_patch/json_patch.h"

namespace kuma::policy {

namespace {

using google::protobuf::Any;
using google::protobuf::Message;
using google::protobuf::RepeatedPtrField;

// An absent condition holds for every name.
bool NameMatches(const Json& modification, const std::string& name, const char* condition = "name") {
  const Json& wanted = Get(Get(modification, "match"), condition);
  return !wanted.is_string() || wanted == name;
}

template <typename T>
void MoveLastTo(RepeatedPtrField<T>& list, int index) {
  for (int i = list.size() - 1; i > index; --i) list.SwapElements(i, i - 1);
}

template <typename T>
void RemoveMatching(const Json& modification, RepeatedPtrField<T>& list) {
  for (int i = list.size() - 1; i >= 0; --i) {
    if (NameMatches(modification, list.Get(i).name())) list.DeleteSubrange(i, 1);
  }
}

// Filters are patched inside of their typed configuration.
Status PatchAny(const Json& modification, const Any& patch, Any& config) {
  const bool by_value = Get(modification, "jsonPatches").empty();
  if (by_value && patch.type_url().empty()) return Ok();
  if (by_value && config.type_url().empty()) {
    config = patch;
    return Ok();
  }
  if (by_value && config.type_url() != patch.type_url()) {
    return Invalid("the filter has type " + config.type_url() + ", the patch " + patch.type_url());
  }
  KUMA_TRY_ASSIGN(std::unique_ptr<Message> message, envoy::Unpack(config));
  if (by_value) {
    KUMA_TRY_ASSIGN(std::unique_ptr<Message> part, envoy::Unpack(patch));
    envoy::MergeMessages(*message, *part);
  } else {
    KUMA_TRY(PatchMessage(modification, *message));
  }
  envoy::Pack(*message, &config);
  return Ok();
}

template <typename Filter>
Status PatchFilters(const Json& modification, RepeatedPtrField<Filter>& filters) {
  const std::string operation = GetString(modification, "operation");
  Filter value;
  KUMA_TRY(ParseValue(modification, value));
  if (operation == "Remove") {
    RemoveMatching(modification, filters);
    return Ok();
  }
  if (operation == "Patch") {
    for (Filter& filter : filters) {
      if (NameMatches(modification, filter.name())) KUMA_TRY(PatchAny(modification, value.typed_config(), *filter.mutable_typed_config()));
    }
    return Ok();
  }
  int index = filters.size();  // AddLast
  if (operation == "AddFirst") index = 0;
  if (operation == "AddBefore" || operation == "AddAfter") {
    index = 0;
    while (index < filters.size() && filters.Get(index).name() != GetString(Get(modification, "match"), "name")) ++index;
    if (index == filters.size()) return Ok();
    if (operation == "AddAfter") ++index;
  }
  *filters.Add() = std::move(value);
  MoveLastTo(filters, index);
  return Ok();
}

// Calls `edit` with every HTTP connection manager of the listener.
template <typename Edit>
Status ForEachManager(envoy::Listener& listener, Edit&& edit) {
  for (envoy::FilterChain& chain : *listener.mutable_filter_chains()) {
    for (auto& filter : *chain.mutable_filters()) {
      if (filter.name() != envoy::kHttpConnectionManager) continue;
      envoy::HttpConnectionManager manager;
      if (!filter.typed_config().UnpackTo(&manager)) return Invalid("the filter holds no HTTP connection manager", filter.name());
      KUMA_TRY(edit(manager));
      envoy::Pack(manager, filter.mutable_typed_config());
    }
  }
  return Ok();
}

Status PatchHosts(const Json& modification, const envoy::VirtualHost& value, envoy::RouteConfiguration& routes) {
  const std::string operation = GetString(modification, "operation");
  auto& hosts = *routes.mutable_virtual_hosts();
  if (operation == "Add") *hosts.Add() = value;
  if (operation == "Remove") RemoveMatching(modification, hosts);
  if (operation != "Patch") return Ok();
  for (envoy::VirtualHost& host : hosts) {
    if (NameMatches(modification, host.name())) KUMA_TRY(PatchMessage(modification, host));
  }
  return Ok();
}

}  // namespace

Status ParseValue(const Json& modification, Message& message) {
  const Json& value = Get(modification, "value");
  if (!value.is_string()) return Ok();
  KUMA_TRY_ASSIGN(const Json document, ParseYaml(value.get_ref<const std::string&>()));
  return envoy::JsonToMessage(document, message);
}

Status PatchMessage(const Json& modification, Message& message) {
  const Json& patches = Get(modification, "jsonPatches");
  if (patches.empty()) {
    const std::unique_ptr<Message> part(message.New());
    KUMA_TRY(ParseValue(modification, *part));
    envoy::MergeMessages(message, *part);
    return Ok();
  }
  KUMA_TRY_ASSIGN(Json document, envoy::MessageToJson(message));
  KUMA_TRY(ApplyJsonPatches(document, patches));
  return envoy::JsonToMessage(document, message);
}

Status PatchNetworkFilters(const Json& modification, envoy::Listener& listener) {
  for (envoy::FilterChain& chain : *listener.mutable_filter_chains()) KUMA_TRY(PatchFilters(modification, *chain.mutable_filters()));
  return Ok();
}

Status PatchHttpFilters(const Json& modification, envoy::Listener& listener) {
  return ForEachManager(listener,
                        [&](envoy::HttpConnectionManager& manager) { return PatchFilters(modification, *manager.mutable_http_filters()); });
}

Status PatchVirtualHosts(const Json& modification, envoy::Listener& listener) {
  envoy::VirtualHost value;
  KUMA_TRY(ParseValue(modification, value));
  return ForEachManager(listener, [&](envoy::HttpConnectionManager& manager) -> Status {
    if (!manager.has_route_config()) return Ok();
    if (!NameMatches(modification, manager.route_config().name(), "routeConfigurationName")) return Ok();
    return PatchHosts(modification, value, *manager.mutable_route_config());
  });
}

}  // namespace kuma::policy
