// Load for any Kuma control plane: registers proxies by POST /bootstrap with an inline Dataplane, keeps their ADS streams, and measures
// how long changes take to the last ACK. Prints a table and one line of JSON. See --help.
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "tests/bench/xds_load/client.h"
#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/io/http_client.h"
#include "tests/bench/xds_load/process.h"

using namespace kuma;
using namespace kuma::bench;
using Steady = std::chrono::steady_clock;

namespace {

constexpr const char* kHelp = R"(xds_load: measures a Kuma control plane under N proxies

  --api URL          REST API (http://localhost:5681)
  --dp HOST:PORT     data plane server (localhost:5678)
  --proxies N        proxies (100)
  --services M       services they are spread over (20)
  --outbounds K      services each proxy talks to (4)
  --mode sotw|delta  variant of ADS (sotw)
  --rounds R         repetitions of each change (10)
  --mesh NAME        mesh, created when missing (default)
  --mtls             turns on a builtin CA in the mesh first
  --token TEXT       dataplane token
  --api-token TEXT   user token for the REST API
  --pid PID          report memory and CPU of this process
  --idle SECONDS     time over which idle CPU is measured (5)
  --quiet MS         a change is over when nothing was acknowledged for this long (400)
  --timeout SECONDS  bound of each wait (60)
  --json             only the line of JSON
)";

struct Options {
  std::map<std::string, std::string> values = {{"api", "http://localhost:5681"}, {"dp", "localhost:5678"}, {"proxies", "100"}, {"services", "20"},
                                               {"outbounds", "4"}, {"mode", "sotw"}, {"rounds", "10"}, {"mesh", "default"}, {"token", ""},
                                               {"api-token", ""}, {"pid", "0"}, {"idle", "5"}, {"quiet", "400"}, {"timeout", "60"}};
  bool mtls = false;
  bool json = false;
  const std::string& text(const std::string& key) const { return values.at(key); }
  int number(const std::string& key) const { return static_cast<int>(ParseInt(values.at(key)).value_or(0)); }
};

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "xds_load: %s\n", message.c_str());
  std::exit(1);
}

Options ParseArguments(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      std::fputs(kHelp, stdout);
      std::exit(0);
    }
    if (word.rfind("--", 0) != 0) Die("unexpected argument " + word + "; see --help");
    word = word.substr(2);
    if (word == "mtls") {
      options.mtls = true;
      continue;
    }
    if (word == "json") {
      options.json = true;
      continue;
    }
    std::string value;
    if (const size_t equals = word.find('='); equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    }
    if (!options.values.contains(word)) Die("unknown flag --" + word + "; see --help");
    options.values[word] = value;
  }
  return options;
}

void Call(const Options& options, const std::string& method, const std::string& path, const Json& body) {
  io::HttpClientRequest request;
  request.method = method;
  request.url = options.text("api") + path;
  request.headers.Set("content-type", "application/json");
  if (!options.text("api-token").empty()) request.headers.Set("authorization", "Bearer " + options.text("api-token"));
  if (!body.is_null()) request.body = ToJsonText(body);
  const auto response = io::HttpFetch(request);
  if (!response.ok()) Die(response.error().ToString());
  if (response->status >= 300) Die(method + " " + path + ": " + std::to_string(response->status) + " " + response->body.substr(0, 300));
}

std::string Service(int index) { return "svc-" + std::to_string(index); }

int OutboundOf(const Options& options, int proxy, int index) { return (proxy * 7 + index * 3 + index) % options.number("services"); }

Json MakeDataplane(const Options& options, const std::string& name, int number, int service, bool outbounds) {
  const std::string address = "10." + std::to_string(number / 65536 + 1) + "." + std::to_string(number / 256 % 256) + "." + std::to_string(number % 256);
  Json dataplane = {{"type", "Dataplane"}, {"mesh", options.text("mesh")}, {"name", name}};
  dataplane["networking"] = {{"address", address},
                             {"inbound", Json::array({{{"port", 8080}, {"tags", {{"kuma.io/service", Service(service)}, {"kuma.io/protocol", "http"}}}}})}};
  std::set<int> seen;
  for (int i = 0; outbounds && i < options.number("outbounds"); ++i) {
    const int target = OutboundOf(options, number, i);
    if (!seen.insert(target).second) continue;
    dataplane["networking"]["outbound"].push_back({{"port", 10000 + i}, {"tags", {{"kuma.io/service", Service(target)}}}});
  }
  return dataplane;
}

// The bootstrap of one proxy: who it is and whom to trust.
struct Boot {
  envoy::config::core::v3::Node node;
  std::string ca_pem;
};

Boot FetchBootstrap(const Options& options, int number, io::HttpClient& client) {
  const std::string name = "load-" + std::to_string(number);
  Json features = {"feature-tcp-accesslog-via-named-pipe", "feature-strict-inbound-ports", "feature-reuse-port"};
  if (options.text("mode") == "delta") features.push_back("feature-delta-grpc");
  io::HttpClientRequest request;
  request.method = "POST";
  request.url = "https://" + options.text("dp") + "/bootstrap";
  request.headers.Set("content-type", "application/json");
  request.headers.Set("accept", "application/json");
  request.tls.skip_verify = true;  // the bootstrap tells whom to trust
  request.body = ToJsonText({{"mesh", options.text("mesh")},
                             {"name", name},
                             {"proxyType", "dataplane"},
                             {"dataplaneToken", options.text("token")},
                             {"dataplaneResource", ToJsonText(MakeDataplane(options, name, number, number % options.number("services"), true))},
                             {"version", {{"kumaDp", {{"version", "2.14.3"}}}, {"envoy", {{"version", "1.37.0"}, {"kumaDpCompatible", true}}}}},
                             {"features", features},
                             {"dnsPort", 15053},
                             {"workdir", "/tmp/xds-load"}});
  const auto response = client.Fetch(request);
  if (!response.ok()) Die(response.error().ToString());
  if (response->status != 200) Die("bootstrap of " + name + ": " + std::to_string(response->status) + " " + response->body.substr(0, 300));
  const auto answer = ParseJson(response->body);
  if (!answer.ok()) Die("bootstrap is not JSON");
  const auto yaml = Base64Decode(GetString(*answer, "bootstrap"));
  if (!yaml.ok()) Die("bootstrap is not base64");
  const auto document = ParseYaml(*yaml);
  if (!document.ok()) Die(document.error().ToString());
  // Only what a client needs; the rest names extension types that this program does not link.
  Boot boot;
  google::protobuf::util::JsonParseOptions lenient;
  lenient.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(ToJsonText(Get(*document, "node")), &boot.node, lenient);
  if (!parsed.ok()) Die("bootstrap: " + parsed.ToString());
  for (const Json& secret : GetPath(*document, {"staticResources", "secrets"})) {
    const Json& ca = GetPath(secret, {"validationContext", "trustedCa"});
    const auto pem = Base64Decode(GetString(ca, "inlineBytes"));
    if (pem.ok()) boot.ca_pem = *pem;
  }
  return boot;
}

double Ms(Steady::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

class Load {
 public:
  explicit Load(const Options& options) : options_(options), count_(options.number("proxies")) {}

  // Registers and connects all; milliseconds for each step.
  void Connect(double& bootstrap_ms, double& connect_ms) {
    std::vector<Boot> boots(static_cast<size_t>(count_));
    const auto start = Steady::now();
    std::atomic<int> next{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        io::HttpClient client;
        for (int i = next++; i < count_; i = next++) boots[static_cast<size_t>(i)] = FetchBootstrap(options_, i, client);
      });
    }
    for (auto& thread : threads) thread.join();
    const auto registered = Steady::now();
    bootstrap_ms = Ms(registered - start);
    for (const Boot& boot : boots) {
      streams_.push_back(OpenStream({options_.text("dp"), boot.ca_pem, options_.text("token"), options_.text("mode") == "delta"}, boot.node, tally_));
    }
    WaitFor("all proxies are complete", [&] { return std::all_of(streams_.begin(), streams_.end(), [](const auto& s) { return s->complete(); }); });
    connect_ms = Ms(LastAck() - registered);
    Settle();
  }

  // Milliseconds from the change to the last ACK; at least `expected` proxies must acknowledge something.
  double Measure(const std::function<void()>& change, int expected) {
    const auto start = Steady::now();
    change();
    WaitFor("the change reached all proxies", [&] {
      return std::count_if(streams_.begin(), streams_.end(), [&](const auto& s) { return s->last_ack() > start; }) >= expected;
    });
    Settle();
    return Ms(LastAck() - start);
  }

  void Settle() {
    const auto quiet = std::chrono::milliseconds(options_.number("quiet"));
    std::unique_lock lock(tally_.mutex);
    for (auto last = tally_.last_ack;; last = tally_.last_ack) {
      if (!tally_.changed.wait_until(lock, last + quiet, [&] { return tally_.last_ack != last; })) return;
    }
  }

  Tally& tally() { return tally_; }

 private:
  SteadyTime LastAck() {
    const std::lock_guard lock(tally_.mutex);
    return tally_.last_ack;
  }
  void WaitFor(const char* what, const std::function<bool()>& condition) {
    const auto deadline = Steady::now() + std::chrono::seconds(options_.number("timeout"));
    std::unique_lock lock(tally_.mutex);
    for (;;) {
      lock.unlock();
      const bool met = condition();
      if (!met && tally_.failures > 0) {
        for (const auto& stream : streams_) {
          if (!stream->error().empty()) Die("a stream ended: " + stream->error());
        }
      }
      if (met) return;
      if (Steady::now() > deadline) Die(std::string("gave up waiting until ") + what);
      lock.lock();
      tally_.changed.wait_for(lock, std::chrono::milliseconds(50));
    }
  }

  const Options& options_;
  const int count_;
  Tally tally_;
  std::vector<std::unique_ptr<ProxyStream>> streams_;
};

Json Summary(std::vector<double> values) {
  if (values.empty()) return nullptr;
  std::sort(values.begin(), values.end());
  auto at = [&](double share) { return values[std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())))]; };
  return {{"median_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"max_ms", values.back()}};
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseArguments(argc, argv);
  const std::string mesh = "/meshes/" + options.text("mesh");
  if (options.number("services") < 1 || options.number("proxies") < 1) Die("--proxies and --services must be at least 1");
  const int pid = options.number("pid");
  if (options.text("mesh") != "default" || options.mtls) {
    Json body = {{"type", "Mesh"}, {"name", options.text("mesh")}};
    if (options.mtls) body["mtls"] = {{"enabledBackend", "ca-1"}, {"backends", Json::array({{{"name", "ca-1"}, {"type", "builtin"}}})}};
    Call(options, "PUT", mesh, body);
  }
  const auto before = pid ? ReadProcess(pid) : std::nullopt;

  Load load(options);
  double bootstrap_ms = 0, connect_ms = 0;
  load.Connect(bootstrap_ms, connect_ms);
  const uint64_t connect_bytes = load.tally().bytes;
  const auto connected = pid ? ReadProcess(pid) : std::nullopt;
  std::optional<ProcessUse> idle;
  if (pid) {
    std::this_thread::sleep_for(std::chrono::seconds(options.number("idle")));
    idle = ReadProcess(pid);
  }

  std::vector<double> policy, endpoint;
  uint64_t policy_bytes = load.tally().bytes;
  for (int round = 0; round < options.number("rounds"); ++round) {
    // Of equal policies the alphabetically first name wins, so this one beats the default "mesh-timeout-all-default".
    policy.push_back(load.Measure(
        [&] {
          Call(options, "PUT", mesh + "/meshtimeouts/a-xds-load",
               {{"type", "MeshTimeout"},
                {"mesh", options.text("mesh")},
                {"name", "a-xds-load"},
                {"spec", {{"targetRef", {{"kind", "Mesh"}}},
                          {"to", Json::array({{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"http", {{"requestTimeout", std::to_string(20 + round) + "s"}}}}}}})}}}});
        },
        options.number("proxies")));
  }
  policy_bytes = load.tally().bytes - policy_bytes;

  int users = 0;
  for (int i = 0; i < options.number("proxies"); ++i) {
    bool uses = false;
    for (int k = 0; k < options.number("outbounds"); ++k) uses = uses || OutboundOf(options, i, k) == 0;
    users += uses ? 1 : 0;
  }
  uint64_t endpoint_bytes = 0;
  for (int round = 0; users > 0 && round < options.number("rounds"); ++round) {
    const uint64_t start = load.tally().bytes;
    const std::string extra = "load-extra-" + std::to_string(round);
    endpoint.push_back(load.Measure([&] { Call(options, "PUT", mesh + "/dataplanes/" + extra, MakeDataplane(options, extra, 200000 + round, 0, false)); }, users));
    endpoint_bytes += load.tally().bytes - start;
    (void)load.Measure([&] { Call(options, "DELETE", mesh + "/dataplanes/" + extra, nullptr); }, users);
  }
  const auto after = pid ? ReadProcess(pid) : std::nullopt;

  Json result = {{"proxies", options.number("proxies")}, {"mode", options.text("mode")}, {"bootstrap_ms", bootstrap_ms}, {"connect_ms", connect_ms},
                 {"connect_bytes", connect_bytes}, {"policy", Summary(policy)}, {"policy_bytes", policy_bytes}, {"endpoint", Summary(endpoint)},
                 {"endpoint_users", users}, {"endpoint_bytes", endpoint_bytes}, {"responses", load.tally().responses.load()}};
  if (before && connected && idle && after) {
    result["rss_before_mb"] = before->rss_mb;
    result["rss_connected_mb"] = connected->rss_mb;
    result["rss_after_mb"] = after->rss_mb;
    result["idle_cpu_percent"] = (idle->cpu_s - connected->cpu_s) * 100 / std::max(1, options.number("idle"));
    result["cpu_s"] = after->cpu_s - before->cpu_s;
  }
  if (!options.json) {
    std::printf("%d proxies, %s\n", options.number("proxies"), options.text("mode").c_str());
    std::printf("  %-26s %10.1f ms\n  %-26s %10.1f ms  %llu bytes\n", "bootstrap of all", bootstrap_ms, "all connected", connect_ms,
                static_cast<unsigned long long>(connect_bytes));
    auto row = [](const char* name, const Json& summary, uint64_t bytes) {
      if (summary.is_null()) return;
      std::printf("  %-26s %10.1f ms median  %.1f p99  %.1f max  %llu bytes\n", name, summary["median_ms"].get<double>(), summary["p99_ms"].get<double>(),
                  summary["max_ms"].get<double>(), static_cast<unsigned long long>(bytes));
    };
    row("policy changed", result["policy"], policy_bytes);
    row("endpoint added", result["endpoint"], endpoint_bytes);
    if (result.contains("cpu_s")) {
      std::printf("  %-26s %10.1f MB before, %.1f connected, %.1f after\n", "server memory", before->rss_mb, connected->rss_mb, after->rss_mb);
      std::printf("  %-26s %10.2f %% idle, %.2f s in all\n", "server CPU", result["idle_cpu_percent"].get<double>(), result["cpu_s"].get<double>());
    }
  }
  std::printf("%s\n", ToJsonText(result).c_str());
  return 0;
}
