#include "pkg/dp/metrics/collector.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_set>

#include "pkg/base/strings.h"
#include "pkg/base/version.h"
#include "pkg/dp/metrics/scope.h"
#include "pkg/io/http_client.h"

namespace kuma::dp::metrics {
namespace {

constexpr size_t kThreads = 8;
constexpr size_t kMostQueued = 256;
constexpr size_t kLargestBody = 256u << 20;
constexpr char kAccept[] = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";

int64_t NowMs(const Clock& clock) { return std::chrono::duration_cast<std::chrono::milliseconds>(clock.Now().time_since_epoch()).count(); }

std::string LabelName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += ok ? c : '_';
  }
  return out;
}

void SetLabel(Labels& labels, std::string name, const std::string& value) {
  for (auto& [known, text] : labels) {
    if (known == name) {
      text = value;
      return;
    }
  }
  labels.emplace_back(std::move(name), value);
}

void Decorate(Sample& sample, const Labels& extra) {
  const Scope scope = TakeScope(sample.labels);
  for (const auto& [name, value] : extra) SetLabel(sample.labels, name, value);
  sample.labels.emplace_back("otel_scope_name", scope.name);
  sample.labels.emplace_back("otel_scope_version", scope.version);
  sample.labels.emplace_back("otel_scope_schema_url", scope.schema_url);
  for (const auto& [name, value] : scope.attributes) sample.labels.emplace_back("otel_scope_" + name, value);
}

// "le" is the last one, as readers are used to it.
bool LabelBefore(const std::pair<std::string, std::string>& a, const std::pair<std::string, std::string>& b) {
  if ((a.first == "le") != (b.first == "le")) return b.first == "le";
  return a.first < b.first;
}

uint64_t KeyOf(const std::string& name, const Sample& sample) {
  std::string key = name + sample.suffix;
  for (const auto& [label, value] : sample.labels) key += '\x1f' + label + '\x1e' + value;
  return Fnv1a64(key);
}

// A summary's parts are families of their own, as OpenTelemetry has no summaries.
void SplitSummaries(Families& families) {
  for (auto it = families.begin(); it != families.end();) {
    if (it->second.type != FamilyType::kSummary) {
      ++it;
      continue;
    }
    Family summary = std::move(it->second);
    const std::string name = it->first;
    it = families.erase(it);
    for (Sample& sample : summary.samples) {
      const std::string part = name + sample.suffix;
      Family& family = families[part];
      family.help = summary.help;
      family.type = sample.suffix.empty() ? FamilyType::kGauge : FamilyType::kCounter;
      sample.suffix.clear();
      family.samples.push_back(std::move(sample));
    }
  }
}

}  // namespace

Scope TakeScope(Labels& labels) {
  constexpr std::string_view kPrefix = "otel_scope_";
  Scope scope;
  bool found = false;
  std::erase_if(labels, [&](auto& label) {
    const std::string_view name = label.first;
    if (!name.starts_with(kPrefix)) return false;
    found = true;
    const std::string_view rest = name.substr(kPrefix.size());
    if (rest == "name") {
      scope.name = label.second;
    } else if (rest == "version") {
      scope.version = label.second;
    } else if (rest == "schema_url") {
      scope.schema_url = label.second;
    } else {
      scope.attributes.emplace_back(std::string(rest), label.second);
    }
    return true;
  });
  if (!found) {
    scope.name = "kuma";
    scope.version = GetBuildInfo().version;
  }
  return scope;
}

struct Collector::Round {
  std::shared_ptr<const Plan> plan;
  MonotonicTime deadline{};
  std::function<void(Parts)> done;
  Parts parts;
  std::atomic<size_t> missing{0};
};

Collector::Collector(const Clock& clock, std::function<std::string()> own)
    : clock_(clock), own_(std::move(own)), pool_(kThreads, kMostQueued) {}

void Collector::Collect(std::shared_ptr<const Plan> plan, Nanos timeout, std::function<void(Parts)> done) {
  auto round = std::make_shared<Round>();
  const size_t count = plan->targets.size();
  round->plan = std::move(plan);
  round->deadline = clock_.Monotonic() + timeout;
  round->done = std::move(done);
  round->parts.resize(count + 1);
  round->missing = count + 1;
  const auto finish_one = [round] {
    if (--round->missing == 0) round->done(std::move(round->parts));
  };
  for (size_t i = 0; i < count; ++i) {
    const bool taken = pool_.TrySubmit([this, round, i, finish_one] {
      round->parts[i] = Ask(*round->plan, round->plan->targets[i], round->deadline);
      finish_one();
    });
    if (taken) continue;
    log_.Warn("metrics are left out: too many are being collected", {{"name", round->plan->targets[i].name}});
    finish_one();
  }
  const bool taken = pool_.TrySubmit([this, round, count, finish_one] {
    Part& own = round->parts[count];
    own.families = ParseText(own_(), false).families;
    own.time_ms = NowMs(clock_);
    own.own = true;
    finish_one();
  });
  if (!taken) finish_one();
}

Part Collector::Ask(const Plan& plan, const Target& target, MonotonicTime deadline) const {
  Part part;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.Monotonic());
  if (left.count() <= 0) {
    log_.Error("no time was left to ask for metrics", {{"name", target.name}, {"url", target.url}});
    return part;
  }
  io::HttpClientRequest request;
  request.url = target.url;
  request.source_address = target.source_address;
  request.headers.Add("Accept", kAccept);
  request.timeout = left;
  request.max_response_bytes = kLargestBody;
  const auto reply = io::HttpFetch(request);
  if (!reply.ok()) {
    log_.Error("failed call", {{"name", target.name}, {"url", target.url}, {"error", reply.error().message}});
    return part;
  }
  if (reply->status != 200) {
    log_.Warn("application returned non-200 status", {{"name", target.name}, {"url", target.url}, {"status", reply->status}});
    return part;
  }
  part.time_ms = NowMs(clock_);
  ParsedText parsed = ParseText(reply->body, IsOpenMetrics(reply->headers.Get("content-type")));
  if (parsed.bad_lines != 0) {
    log_.Warn("lines that are no metrics are left out",
              {{"name", target.name}, {"url", target.url}, {"lines", parsed.bad_lines}, {"first", parsed.first_bad_line}});
  }
  part.families = std::move(parsed.families);
  if (target.is_envoy) plan.profile.Apply(part.families);
  return part;
}

Families Merge(Parts parts, const Plan& plan) {
  Labels extra;
  for (const auto& [name, value] : plan.extra_labels) extra.emplace_back(LabelName(name), value);
  Families merged;
  std::unordered_set<uint64_t> seen;
  for (Part& part : parts) {
    SplitSummaries(part.families);
    for (auto& [name, family] : part.families) {
      const auto [it, is_new] = merged.try_emplace(name);
      Family& into = it->second;
      if (is_new) {
        into.help = std::move(family.help);
        into.type = family.type;
      } else if (into.type != family.type) {
        continue;
      }
      for (Sample& sample : family.samples) {
        if (!part.own) Decorate(sample, extra);
        std::stable_sort(sample.labels.begin(), sample.labels.end(), LabelBefore);
        if (seen.insert(KeyOf(name, sample)).second) into.samples.push_back(std::move(sample));
      }
    }
  }
  return merged;
}

}  // namespace kuma::dp::metrics
