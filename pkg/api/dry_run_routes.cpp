// POST /_dry-run: what writes and deletes would do, tried in a sandbox: whether they are accepted, and which proxies would get another
// configuration. Nothing is stored, and the proxies that are served do not notice.
#include <atomic>
#include <chrono>

#include "pkg/api/error.h"
#include "pkg/api/proxy_facts.h"
#include "pkg/api/resource_body.h"
#include "pkg/base/strings.h"
#include "pkg/store/sandbox.h"
#include "pkg/xds/what_if.h"

namespace kuma::api {
namespace {

constexpr std::chrono::seconds kTimeLimit{20};
constexpr size_t kMaxDifferences = 100;  // distinct ones; proxies that change alike share one
constexpr size_t kMaxDetailBytes = 16 << 20;

// How readers call the five kinds of Envoy resources.
std::string_view KindName(xds::ResourceType type) {
  switch (type) {
    case xds::ResourceType::kCluster:
      return "cluster";
    case xds::ResourceType::kEndpoint:
      return "endpoints";
    case xds::ResourceType::kListener:
      return "listener";
    case xds::ResourceType::kRoute:
      return "route";
    case xds::ResourceType::kSecret:
      return "secret";
  }
  return "resource";
}

Json ResourceBody(const xds::EnvoyDifference& one, bool documents) {
  Json body = {{"kind", KindName(one.type)}, {"name", one.name}, {"change", xds::ChangeKindName(one.kind)}};
  const bool changed = one.kind == xds::ChangeKind::kChanged;
  if (changed) body["fields"] = DifferencesDocument(one.fields);
  if (one.kind == xds::ChangeKind::kAdded || (changed && documents)) body["after"] = one.after;
  if (one.kind == xds::ChangeKind::kRemoved || (changed && documents)) body["before"] = one.before;
  return body;
}

class DryRun {
 public:
  DryRun(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) : deps_(deps), options_(options), request_(request) {}

  Answer Run() {
    const Result<Json> body = ParseYaml(request_.http.body);
    if (!body.ok()) return BadRequest(body.error().ToString());
    const Json& changes = Get(*body, "changes");
    if (!changes.is_array() || changes.empty())
      return BadRequest(
          "\"changes\" must be a list of {\"op\": \"put\", \"resource\": …} and {\"op\": \"delete\", \"type\": …, \"mesh\": …, \"name\": "
          "…}");
    const std::unique_ptr<store::Watch> state = deps_.store.StartWatch([] {});
    sandbox_ = std::make_unique<store::Sandbox>(deps_.types, state->Initial(), deps_.admission.options(), deps_.clock);
    if (deps_.prepare_sandbox) deps_.prepare_sandbox(*sandbox_);

    std::vector<store::Event> before;
    const bool computes = std::any_of(changes.begin(), changes.end(), [&](const Json& change) { return !IsPolicy(change); });
    const bool with_proxies = !options_.is_global && ReadBool(request_.Query("diff")).value_or(true);
    if (computes && with_proxies) {
      Settle();
      before = sandbox_->Take();
    }
    bool valid = true;
    Json results = Json::array();
    for (const Json& change : changes) {
      results.push_back(Try(change));
      valid = valid && !results.back().contains("error");
    }
    if (computes && with_proxies) Settle();
    Json answer = {{"valid", valid}, {"changes", std::move(results)}};
    if (with_proxies) Compare(state->Initial(), before, sandbox_->Take(), answer);
    return Answer::Document(std::move(answer));
  }

 private:
  void Settle() {
    if (deps_.settle_sandbox) deps_.settle_sandbox(*sandbox_);
  }

  static const Json& Subject(const Json& change) { return GetString(change, "op") == "delete" ? change : Get(change, "resource"); }

  bool IsPolicy(const Json& change) const {
    const TypeDescriptor* type = deps_.types.Find(GetString(Subject(change), "type"));
    return type == nullptr || type->is_policy;
  }

  static Json Refused(Json result, const Answer& answer) {
    result["result"] = "refused";
    result["error"] = answer.json;
    return result;
  }

  // The checks of the resource's own route, in its order, then the write itself.
  Json Try(const Json& change) {
    const std::string op = GetString(change, "op", "put");
    const Json& subject = Subject(change);
    ResourceKey key{GetString(subject, "type"), GetString(subject, "mesh"), GetString(subject, "name")};
    Json result = {{"op", op}, {"type", key.type}, {"name", key.name}};
    if (!key.mesh.empty()) result["mesh"] = key.mesh;
    if (op != "put" && op != "delete") return Refused(std::move(result), BadRequest("\"op\" must be put or delete"));
    const TypeDescriptor* type = deps_.types.Find(key.type);
    if (type == nullptr || type->path.empty() || !type->stored)
      return Refused(std::move(result), BadRequest("invalid resource type " + QuoteGo(key.type)));
    if (type->scope == Scope::kGlobal) key.mesh.clear();
    const Route route = WithAccess({}, *type, options_);
    if (route.access != nullptr) {
      if (const Status access = route.access->Check(request_.user, route.action); !access.ok())
        return Refused(std::move(result), Fail(access.error(), "Access Denied"));
    }
    if (IsReadOnly(*type, options_))
      return Refused(std::move(result),
                     MethodNotAllowed("resources of type " + type->name + " are not written through this control plane"));
    if (type->scope == Scope::kMesh) {
      if (const Result<ResourcePtr> mesh = sandbox_->store().Get({"Mesh", "", key.mesh}); !mesh.ok())
        return Refused(std::move(result), Fail(mesh.error(), "Failed to retrieve Mesh"));
    }
    return op == "put" ? Put(key, *type, subject, std::move(result)) : Delete(key, std::move(result));
  }

  Json Put(const ResourceKey& key, const TypeDescriptor& type, const Json& document, Json result) {
    const ResourcePtr old = sandbox_->store().Get(key).value_or(nullptr);
    Result<IncomingResource> incoming = ReadResource(document, type, request_.Query("fieldValidation"));
    if (!incoming.ok()) return Refused(std::move(result), Fail(incoming.error(), "Could not process a resource"));
    store::PutResult put = sandbox_->admission().Put(key, std::move(incoming.value().resource));
    if (!put.ok()) return Refused(std::move(result), Fail(*put.error, put.title));
    std::vector<std::string> warnings = std::move(put.warnings);
    warnings.insert(warnings.end(), incoming.value().warnings.begin(), incoming.value().warnings.end());
    if (!warnings.empty()) result["warnings"] = warnings;
    const bool same = old != nullptr && old->spec == put.resource->spec && old->meta.labels == put.resource->meta.labels;
    result["result"] = put.created ? "created" : same ? "unchanged" : "updated";
    return result;
  }

  Json Delete(const ResourceKey& key, Json result) {
    if (const Status deleted = sandbox_->admission().Delete(key); !deleted.ok())
      return Refused(std::move(result), Fail(deleted.error(), "Could not delete a resource"));
    result["result"] = "deleted";
    return result;
  }

  // Meshes that the events touch; nothing: all of them.
  static std::optional<std::set<std::string>> MeshesOf(const std::vector<store::Event>& events) {
    std::set<std::string> meshes;
    for (const store::Event& event : events) {
      const ResourceMeta& meta = event.meta();
      if (meta.type() == "ZoneIngress" || meta.type() == "ZoneEgress" || meta.type() == "Config") return std::nullopt;
      if (meta.type() == "Mesh") meshes.insert(meta.name());
      if (!meta.mesh().empty()) meshes.insert(meta.mesh());
    }
    return meshes;
  }

  void Compare(const std::vector<ResourcePtr>& state, const std::vector<store::Event>& before, const std::vector<store::Event>& events,
               Json& answer) {
    const std::optional<std::set<std::string>> meshes = MeshesOf(events);
    mesh::SnapshotBuilder builder(options_.zone);
    for (const ResourcePtr& resource : state) {
      const ResourceMeta& meta = resource->meta;
      const std::string& mesh = meta.type() == "Mesh" ? meta.name() : meta.mesh();
      if (!meshes || mesh.empty() || meshes->contains(mesh)) builder.Apply(nullptr, resource);
    }
    for (const store::Event& event : before) builder.Apply(event.old_value, event.new_value);
    std::map<std::string, mesh::SnapshotPtr> old_snapshots;
    for (const auto& [name, update] : builder.Build()) old_snapshots[name] = update.snapshot;
    for (const store::Event& event : events) builder.Apply(event.old_value, event.new_value);
    deadline_ = deps_.clock.Monotonic() + kTimeLimit;
    for (auto& [name, update] : builder.Build()) {
      const auto old = old_snapshots.find(name);
      CompareMesh(name, {old == old_snapshots.end() ? nullptr : old->second, update.snapshot, std::move(update.changes), deps_.types,
                         options_.zone});
    }
    Json differences = Json::array();
    for (Group& group : groups_) differences.push_back(std::move(group.body));
    answer["proxies"] = {{"examined", examined_}, {"changed", changed_}, {"left", left_}};
    if (more_ > 0) answer["proxies"]["withoutDetails"] = more_;
    answer["differences"] = std::move(differences);
  }

  void CompareMesh(const std::string& mesh, xds::WhatIfRequest request) {
    xds::WhatIf what_if(std::move(request));
    const bool documents = request_.Query("include") == "documents";
    for (const std::string& name : what_if.Dataplanes()) {
      if (deps_.clock.Monotonic() > deadline_) {
        ++left_;
        continue;
      }
      ++examined_;
      const ResourcePtr insight = sandbox_->store().Get({"DataplaneInsight", mesh, name}).value_or(nullptr);
      const Result<std::optional<xds::ProxyDifference>> difference =
          what_if.Compare(xds::AnnouncedNode(mesh, name, insight == nullptr ? Json() : Get(insight->spec, "metadata")));
      if (difference.ok() && !difference->has_value()) continue;
      ++changed_;
      Json proxy = {{"mesh", mesh}, {"name", name}, {"connected", insight != nullptr && IsConnected(insight->spec)}};
      Differences resources;
      if (difference.ok()) {
        proxy["change"] = xds::ChangeKindName((*difference)->kind);
        resources = (*difference)->resources;
      } else {
        proxy["change"] = xds::ChangeKindName(xds::ChangeKind::kChanged);
        proxy["error"] = difference.error().ToString();
      }
      AddToGroup(std::move(proxy), std::move(resources), documents);
    }
  }

  using Differences = std::vector<std::shared_ptr<const xds::EnvoyDifference>>;
  struct Group {
    Differences resources;
    Digest digest;  // of their text
    Json body;
  };

  void AddToGroup(Json proxy, Differences resources, bool documents) {
    // Mostly the very same values; else they may still read the same.
    auto found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return group.resources == resources; });
    if (found == groups_.end()) {
      Json bodies = Json::array();
      for (const auto& one : resources) bodies.push_back(ResourceBody(*one, documents));
      const std::string text = ToJsonText(bodies);
      const Digest digest = DigestOf(text);
      found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return group.digest == digest; });
      if (found == groups_.end()) {
        if (groups_.size() >= kMaxDifferences || detail_bytes_ + text.size() > kMaxDetailBytes) {
          ++more_;
          return;
        }
        detail_bytes_ += text.size();
        found = groups_.insert(groups_.end(),
                               Group{std::move(resources), digest, {{"proxies", Json::array()}, {"resources", std::move(bodies)}}});
      }
    }
    found->body["proxies"].push_back(std::move(proxy));
  }

  const ApiDeps& deps_;
  const ApiOptions& options_;
  const ApiRequest& request_;
  std::unique_ptr<store::Sandbox> sandbox_;
  MonotonicTime deadline_{};
  size_t examined_ = 0;
  size_t changed_ = 0;
  size_t left_ = 0;  // not looked at: the time was over
  size_t more_ = 0;  // changed, but the answer would get too large
  size_t detail_bytes_ = 0;
  std::vector<Group> groups_;  // in order of their first proxy
};

}  // namespace

void AddDryRunRoutes(const RouteContext& context) {
  // One at a time: each holds a copy of the mesh's facts.
  auto busy = std::make_shared<std::atomic<bool>>(false);
  context.router.Add(
      {"POST", "/_dry-run", [&deps = context.deps, &options = context.options, busy](const RequestPtr& request, const Reply& reply) {
         if (busy->exchange(true))
           return reply(Fail(Unavailable("another dry run is going on; try again in a moment"), "Service unavailable"));
         Compute(deps, reply, [&deps, &options, busy, request] {
           Answer answer = DryRun(deps, options, *request).Run();
           busy->store(false);
           return answer;
         });
       }});
}

}  // namespace kuma::api
