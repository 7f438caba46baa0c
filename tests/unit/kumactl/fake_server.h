// A scripted control plane for tests of kumactl: answers by "METHOD /path?query" and a log of what was asked.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "pkg/base/files.h"
#include "pkg/cli/command.h"
#include "pkg/kumactl/command.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"

namespace kuma::kumactl {

class FixedClock final : public Clock {
 public:
  SystemTime Now() const override { return *ParseRfc3339("2026-01-02T03:04:05Z"); }
  MonotonicTime Monotonic() const override { return {}; }
};

class FakeServer final : public Transport {
 public:
  FakeServer() { Answer("GET /", 200, R"({"product":"Kuma","version":"2.14.3","hostname":"here","instanceId":"i-1","clusterId":"c-1"})"); }

  void Answer(const std::string& call, int status, const std::string& body) { answers_[call] = {status, body}; }
  void GoAway() { away_ = true; }

  Result<io::HttpResponse> Send(const io::HttpClientRequest& request) override {
    requests.push_back(request);
    const size_t slash = request.url.find('/', request.url.find("://") + 3);
    const std::string call = request.method + " " + request.url.substr(slash);
    log.push_back(request.body.empty() ? call : call + " " + request.body);
    if (away_) return Unavailable("127.0.0.1:5681: Connection refused");
    io::HttpResponse response;
    const auto found = answers_.find(call);
    if (found == answers_.end()) {
      response.status = 404;
      response.body = R"({"status":404,"title":"Could not retrieve a resource","detail":"Not found"})";
      return response;
    }
    response.status = found->second.first;
    response.body = found->second.second;
    return response;
  }

  std::vector<std::string> log;
  std::vector<io::HttpClientRequest> requests;

 private:
  std::map<std::string, std::pair<int, std::string>> answers_;
  bool away_ = false;
};

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

// kumactl with a fake server and a home of its own.
class Bench {
 public:
  Bench() {
    char pattern[] = "/tmp/kumactl-test-XXXXXX";
    home = ::mkdtemp(pattern);
  }
  ~Bench() { [[maybe_unused]] const int code = std::system(("rm -rf " + home).c_str()); }

  Outcome Run(const std::vector<std::string>& args, const std::string& input = "") {
    static const std::shared_ptr<const TypeRegistry> types = [] {
      auto registry = std::make_shared<TypeRegistry>();
      resources::RegisterCoreTypes(*registry);
      policy::RegisterPolicyTypes(*registry);
      return std::shared_ptr<const TypeRegistry>(std::move(registry));
    }();
    const auto environment = std::make_shared<const Environment>(
        Environment{[] { return types; }, [this] { return std::shared_ptr<Transport>(server); }, clock_, RealRandom(), home,
                    [this] { return k8s::LoadClientConfig({.environment = {{"KUBECONFIG", kubeconfig}}, .home = home, .run_plugin = {}}); }});
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    Outcome outcome;
    outcome.code = cli::Run(MakeCommand(environment), args, {in, out, err});
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = JoinPath(home, name);
    const Status status = WriteFileAtomic(path, text);
    return status ? path : status.error().ToString();
  }

  std::string home;
  std::string kubeconfig;  // paths
  std::shared_ptr<FakeServer> server = std::make_shared<FakeServer>();

 private:
  FixedClock clock_;
};

}  // namespace kuma::kumactl
