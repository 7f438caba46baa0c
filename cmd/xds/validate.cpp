#include "cmd/xds/validate.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cmd/xds/static_bootstrap.h"
#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/io/process.h"

namespace kuma::xds {
namespace {

// Blame costs a run of Envoy for each policy and resource.
constexpr size_t kMostRefusals = 20;

struct Verdict {
  bool accepted = false;
  std::string message;
};

// The sentence about the configuration, without time stamps and places in Envoy's source.
std::string Essence(const std::vector<std::string>& lines) {
  std::string last;
  std::string found;
  for (const std::string& line : lines) {
    std::string text = line;
    // "[2026-01-01 00:00:00.000][1][critical][main] [source/...] text"
    while (text.starts_with('[')) {
      const size_t end = text.find(']');
      if (end == std::string::npos) break;
      text = std::string(Trim(std::string_view(text).substr(end + 1)));
    }
    if (text.empty()) continue;
    last = text;
    if (found.empty() && (line.starts_with("error initializing") || Contains(line, "[critical]"))) found = text;
  }
  return found.empty() ? last : found;
}

class Validator {
 public:
  explicit Validator(std::string envoy) : envoy_(std::move(envoy)) {}
  ~Validator() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  Result<Verdict> Check(const std::vector<StaticResource>& resources) {
    if (folder_.empty()) {
      std::string pattern = (std::filesystem::temp_directory_path() / "kuma-validate-XXXXXX").string();
      if (::mkdtemp(pattern.data()) == nullptr) return Internal("cannot make a temporary folder", pattern);
      folder_ = pattern;
    }
    const std::string path = JoinPath(folder_, "envoy.pb");
    KUMA_TRY(WriteFileAtomic(path, MakeStaticBootstrap(resources), 0600));
    io::EventLoop loop;
    std::vector<std::string> lines;
    int code = -1;
    const auto keep = [&](std::string_view line) { lines.emplace_back(line); };
    io::ProcessOptions options{.argv = {envoy_, "--mode", "validate", "-c", path, "--concurrency", "1", "-l", "error"},
                               .env = io::CurrentEnvironment(),
                               .cwd = {},
                               .on_stdout = keep,
                               .on_stderr = keep,
                               .on_exit = [&](int exit_code, const std::string& how) {
                                 code = exit_code;
                                 if (exit_code < 0) lines.push_back("Envoy ended by " + how);
                                 loop.Stop();
                               }};
    KUMA_TRY_ASSIGN(const std::unique_ptr<io::ChildProcess> child, io::ChildProcess::Spawn(loop, std::move(options)));
    loop.Run();
    Verdict verdict{code == 0, Essence(lines)};
    verdict.message = ReplaceAll(verdict.message, " '" + path + "'", "");
    return verdict;
  }

 private:
  const std::string envoy_;
  std::string folder_;
};

const StaticResource* Find(const std::vector<StaticResource>& resources, const EnvoyRefusal& refusal) {
  const auto it = std::find_if(resources.begin(), resources.end(),
                               [&](const StaticResource& r) { return r.section == refusal.section && r.name == refusal.resource; });
  return it == resources.end() ? nullptr : &*it;
}

// The policy without which the resource is accepted, or is not there at all.
Result<std::string> FindPolicy(Validator& validator, const ValidationRequest& request, const EnvoyRefusal& refusal) {
  for (size_t i = 0; i < request.policies.size(); ++i) {
    const Result<ViewPtr> view = request.render_without(i);
    if (!view.ok()) continue;
    KUMA_TRY_ASSIGN(const std::vector<StaticResource> resources, StaticResources(**view));
    const StaticResource* resource = Find(resources, refusal);
    if (resource == nullptr) return request.policies[i];
    KUMA_TRY_ASSIGN(const Verdict verdict, validator.Check({*resource}));
    if (verdict.accepted) return request.policies[i];
  }
  return std::string();
}

}  // namespace

bool LacksExtension(const std::string& message, const std::string& extension) {
  // Texts name the extension or its message type ("...kafka_broker.v3.KafkaBroker").
  const std::string name = extension.substr(extension.rfind('.') + 1);
  return Contains(message, name) && (Contains(message, "registered implementation") || Contains(message, "could not find @type"));
}

Result<std::vector<EnvoyRefusal>> ValidateWithEnvoy(const ValidationRequest& request) {
  Validator validator(request.envoy);
  KUMA_TRY_ASSIGN(const std::vector<StaticResource> resources, StaticResources(*request.view));
  KUMA_TRY_ASSIGN(const Verdict whole, validator.Check(resources));
  std::vector<EnvoyRefusal> refusals;
  if (whole.accepted) return refusals;
  // Envoy stops at the first fault and seldom says where: each resource on its own tells.
  for (const StaticResource& resource : resources) {
    if (refusals.size() >= kMostRefusals) break;
    KUMA_TRY_ASSIGN(Verdict verdict, validator.Check({resource}));
    if (!verdict.accepted) refusals.push_back({resource.section, resource.name, std::move(verdict.message), {}});
  }
  if (refusals.empty()) refusals.push_back({{}, {}, whole.message, {}});
  if (!request.render_without) return refusals;
  for (EnvoyRefusal& refusal : refusals) {
    if (refusal.section.empty()) continue;
    KUMA_TRY_ASSIGN(refusal.policy, FindPolicy(validator, request, refusal));
  }
  return refusals;
}

}  // namespace kuma::xds
