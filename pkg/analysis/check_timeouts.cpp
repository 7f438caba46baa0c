// Times that do not fit into each other.
#include "pkg/analysis/world.h"
#include "pkg/base/duration.h"
#include "pkg/policy/conf.h"

namespace kuma::analysis {

namespace {

using policy::FindDuration;

// A policy's entry with the policy it is from.
struct TimeoutEntry {
  const Resource* policy = nullptr;
  Entry entry;
};

std::vector<TimeoutEntry> Entries(const MeshView& mesh, std::string_view type, std::initializer_list<const char*> lists) {
  std::vector<TimeoutEntry> out;
  for (const ResourcePtr& policy : Ordered(mesh.Of(type))) {
    for (const char* list : lists) {
      for (Entry& entry : EntriesOf(*policy, list)) out.push_back({policy.get(), std::move(entry)});
    }
  }
  return out;
}

// The value that holds where `at` does: of the last entry that covers it.
struct Found {
  std::optional<Nanos> value;
  const Resource* policy = nullptr;
};
Found RequestTimeoutFor(const std::vector<TimeoutEntry>& timeouts, const policy::TargetRef& top, const policy::TargetRef& to) {
  Found found;
  int best = -1;
  for (const TimeoutEntry& one : timeouts) {
    const auto value = FindDuration(Get(*one.entry.conf, "http"), "requestTimeout");
    if (!value || !Covers(TopOf(*one.policy), top) || !Covers(one.entry.target, to)) continue;
    const int specific = SameTarget(one.entry.target, to) ? 1 : 0;
    if (specific < best) continue;
    best = specific;
    found = {value, one.policy};
  }
  return found;
}

void CheckWithin(const TimeoutEntry& one, Reporter& report) {
  const Json& conf = *one.entry.conf;
  const Json& http = Get(conf, "http");
  const auto request = FindDuration(http, "requestTimeout");
  if (!request || *request == Nanos(0)) return;
  const auto shorter = [&](const Json& object, const char* name, const std::string& path) {
    const auto value = FindDuration(object, name);
    if (value && *value != Nanos(0) && *value < *request) {
      report.Add(
          "idle-before-request", *one.policy, one.entry.Path() + ".default." + path,
          std::string(name) + " " + FormatDuration(*value) + " ends requests before requestTimeout " + FormatDuration(*request) + " does");
    }
  };
  shorter(conf, "idleTimeout", "idleTimeout");
  shorter(http, "streamIdleTimeout", "http.streamIdleTimeout");
  shorter(http, "maxStreamDuration", "http.maxStreamDuration");
}

void CheckRetries(const TimeoutEntry& retry, const std::vector<TimeoutEntry>& timeouts, Reporter& report) {
  const policy::TargetRef top = TopOf(*retry.policy);
  const Found request = RequestTimeoutFor(timeouts, top, retry.entry.target);
  if (!request.value || *request.value == Nanos(0)) return;
  for (const char* protocol : {"http", "grpc"}) {
    const Json& conf = Get(*retry.entry.conf, protocol);
    const auto per_try = FindDuration(conf, "perTryTimeout");
    if (!per_try || *per_try == Nanos(0)) continue;
    const int64_t tries = GetInt(conf, "numRetries", 1) + 1;
    if (*per_try * tries <= *request.value) continue;
    report.Add("retry-exceeds-timeout", *retry.policy, retry.entry.Path() + ".default." + protocol,
               std::to_string(tries) + " tries of perTryTimeout " + FormatDuration(*per_try) + " take longer than requestTimeout " +
                   FormatDuration(*request.value) + " of MeshTimeout " + request.policy->meta.name() + ": the last ones are cut off");
  }
}

void CheckServer(const MeshView& mesh, const TimeoutEntry& client, const std::vector<TimeoutEntry>& servers, Reporter& report) {
  const auto asked = FindDuration(Get(*client.entry.conf, "http"), "requestTimeout");
  if (!asked) return;
  for (const TimeoutEntry& server : servers) {
    const auto given = FindDuration(Get(*server.entry.conf, "http"), "requestTimeout");
    if (!given || *given == Nanos(0)) continue;
    if (*asked != Nanos(0) && *asked <= *given) continue;
    // The server's policy is about the client's destination: the whole mesh, or selected by the service it names.
    const policy::TargetRef top = TopOf(*server.policy);
    bool concerns = top.kind == policy::TargetKind::kMesh || (!top.name.empty() && top.name == client.entry.target.name);
    if (top.labels && client.entry.target.kind == policy::TargetKind::kMeshService) {
      for (const auto& [name, dataplane] : mesh.snapshot->AllDataplanes()) {
        const mesh::Tags labels(dataplane->labels().begin(), dataplane->labels().end());
        if (!policy::TagsMatch(*top.labels, labels)) continue;
        for (const std::string& service : dataplane->Services()) concerns |= service == client.entry.target.name;
      }
    }
    if (!concerns) continue;
    report.Add("client-outlives-server", *client.policy, client.entry.Path() + ".default.http.requestTimeout",
               (*asked == Nanos(0) ? std::string("clients wait without end") : "clients wait " + FormatDuration(*asked)) +
                   " for servers that give up after " + FormatDuration(*given) + " (MeshTimeout " + server.policy->meta.name() + ", " +
                   server.entry.Path() + ")");
    return;
  }
}

void CheckHealthChecks(const MeshView& mesh, Reporter& report) {
  for (const ResourcePtr& policy : mesh.Of("MeshHealthCheck")) {
    for (const Entry& entry : EntriesOf(*policy, "to")) {
      const Json& conf = *entry.conf;
      bool any = false;
      for (const char* kind : {"tcp", "http", "grpc"}) any |= Get(conf, kind).is_object() && !GetBool(Get(conf, kind), "disabled");
      if (!any)
        report.Add("health-check-empty", *policy, entry.Path() + ".default", "none of tcp, http and grpc is on, so nothing is checked");
      const auto interval = FindDuration(conf, "interval");
      const auto timeout = FindDuration(conf, "timeout");
      if (interval && timeout && *timeout > *interval) {
        report.Add("health-check-slow", *policy, entry.Path() + ".default.timeout",
                   "timeout " + FormatDuration(*timeout) + " is longer than interval " + FormatDuration(*interval));
      }
    }
  }
}

}  // namespace

void CheckTimeouts(const MeshView& mesh, Reporter& report) {
  const std::vector<TimeoutEntry> to = Entries(mesh, "MeshTimeout", {"to"});
  const std::vector<TimeoutEntry> servers = Entries(mesh, "MeshTimeout", {"from", "rules"});
  for (const TimeoutEntry& one : to) CheckWithin(one, report);
  for (const TimeoutEntry& one : servers) CheckWithin(one, report);
  for (const TimeoutEntry& retry : Entries(mesh, "MeshRetry", {"to"})) CheckRetries(retry, to, report);
  for (const TimeoutEntry& client : to) CheckServer(mesh, client, servers, report);
  CheckHealthChecks(mesh, report);
}

}  // namespace kuma::analysis
