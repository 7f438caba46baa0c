// What the store of a control plane can do, seen through its REST API: writes per second and their times at several numbers of clients,
// the time of lists, memory per stored dataplane. Needs a control plane that runs; see --help.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <thread>

#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/io/http_client.h"
#include "tests/bench/xds_load/process.h"

using namespace kuma;
using Steady = std::chrono::steady_clock;

namespace {

constexpr const char* kHelp = R"(store_load: measures writes, lists and memory of a Kuma control plane's store

  --api URL          REST API (http://localhost:5681)
  --clients LIST     numbers of connections that write at once (1,16,64)
  --seconds S        how long each number writes (5)
  --dataplanes N     stored for the list and the memory (10000; 0: skip)
  --pid PID          report memory and CPU of this process
  --mesh NAME        made when missing (bench)
  --keep             leave the resources
)";

std::map<std::string, std::string> g_options = {{"api", "http://localhost:5681"}, {"clients", "1,16,64"}, {"seconds", "5"}, {"dataplanes", "10000"}, {"pid", "0"}, {"mesh", "bench"}};
bool g_keep = false;

const std::string& Text(const std::string& key) { return g_options.at(key); }
int Number(const std::string& key) { return static_cast<int>(ParseInt(Text(key)).value_or(0)); }

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "store_load: %s\n", message.c_str());
  std::exit(1);
}

class Client {
 public:
  io::HttpResponse Call(const std::string& method, const std::string& path, std::string body = {}) {
    io::HttpClientRequest request;
    request.method = method;
    request.url = Text("api") + path;
    if (!body.empty()) request.headers.Set("Content-Type", "application/json");
    request.body = std::move(body);
    request.timeout = std::chrono::seconds(60);
    request.max_response_bytes = 512u << 20;
    Result<io::HttpResponse> response = client_.Fetch(request);
    if (!response.ok()) Die(response.error().ToString());
    return std::move(response).value();
  }
  void Put(const std::string& path, const std::string& body) {
    const io::HttpResponse response = Call("PUT", path, body);
    if (response.status != 200 && response.status != 201) Die("PUT " + path + ": " + std::to_string(response.status) + " " + response.body);
  }

 private:
  io::HttpClient client_;
};

std::string MeshPath() { return "/meshes/" + Text("mesh"); }

// As large as a dataplane of a real mesh: an inbound with tags, a few outbounds.
std::string Dataplane(const std::string& name, int n) {
  const std::string address = "10." + std::to_string(n / 65536 % 256) + "." + std::to_string(n / 256 % 256) + "." + std::to_string(n % 256);
  const std::string service = "service-" + std::to_string(n % 100);
  Json outbounds = Json::array();
  for (int i = 0; i < 3; ++i) outbounds.push_back({{"port", 20000 + i}, {"tags", {{"kuma.io/service", "service-" + std::to_string((n + i + 1) % 100)}}}});
  return ToJsonText({{"type", "Dataplane"},
                     {"mesh", Text("mesh")},
                     {"name", name},
                     {"labels", {{"app", service}}},
                     {"networking",
                      {{"address", address},
                       {"inbound", Json::array({{{"port", 8080}, {"servicePort", 80}, {"tags", {{"kuma.io/service", service}, {"kuma.io/protocol", "http"}, {"version", "v1"}}}}})},
                       {"outbound", outbounds}}}});
}

std::string Timeout(const std::string& name, int round) {
  return ToJsonText({{"type", "MeshTimeout"},
                     {"mesh", Text("mesh")},
                     {"name", name},
                     {"spec",
                      {{"targetRef", {{"kind", "Dataplane"}, {"labels", {{"app", name}}}}},
                       {"to", Json::array({{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"connectionTimeout", std::to_string(1 + round % 50) + "s"}}}}})}}}});
}

double Millis(Steady::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

double Quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(q * static_cast<double>(values.size())))];
}

// Each client writes resources of its own, so no write waits for another one's version.
void MeasureWrites(int clients) {
  std::atomic<bool> stop{false};
  std::vector<std::vector<double>> times(static_cast<size_t>(clients));
  std::vector<std::thread> threads;
  const auto before = bench::ReadProcess(Number("pid"));
  const Steady::time_point start = Steady::now();
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&, c] {
      Client client;
      for (int round = 0; !stop; ++round) {
        const std::string name = "load-" + std::to_string(c) + "-" + std::to_string(round % 20);
        const std::string body = Timeout(name, round);
        const Steady::time_point sent = Steady::now();
        client.Put(MeshPath() + "/meshtimeouts/" + name, body);
        times[static_cast<size_t>(c)].push_back(Millis(Steady::now() - sent));
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::seconds(Number("seconds")));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const double seconds = Millis(Steady::now() - start) / 1000;
  std::vector<double> all;
  for (const std::vector<double>& part : times) all.insert(all.end(), part.begin(), part.end());
  const double per_second = static_cast<double>(all.size()) / seconds;
  std::printf("PUT, %2d clients     %8.0f /s    p50 %7.2f ms   p99 %7.2f ms", clients, per_second, Quantile(all, 0.5), Quantile(all, 0.99));
  if (const auto after = bench::ReadProcess(Number("pid")); before && after) std::printf("   %.2f cores of the control plane", (after->cpu_s - before->cpu_s) / seconds);
  std::printf("\n");
}

// Runs fn(i) for all i below count on 16 connections.
template <typename Fn>
void InParallel(int count, Fn fn) {
  std::atomic<int> next{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < 16; ++c) {
    threads.emplace_back([&] {
      Client client;
      for (int i = next++; i < count; i = next++) fn(client, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

double QuietRss() {
  double last = 0;
  for (int i = 0; i < 20; ++i) {
    const auto use = bench::ReadProcess(Number("pid"));
    if (!use) return 0;
    if (i > 0 && std::abs(use->rss_mb - last) < 0.2) break;
    last = use->rss_mb;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  return last;
}

void MeasureDataplanes(int count) {
  const double rss_before = QuietRss();
  const Steady::time_point start = Steady::now();
  InParallel(count, [](Client& client, int i) {
    const std::string name = "dp-" + std::to_string(i);
    client.Put(MeshPath() + "/dataplanes/" + name, Dataplane(name, i));
  });
  const double filled = Millis(Steady::now() - start) / 1000;
  std::printf("%d dataplanes stored in %.1f s (%.0f /s, 16 clients)\n", count, filled, count / filled);
  const double rss_after = QuietRss();
  if (rss_before > 0) std::printf("memory               %.1f MB before, %.1f MB after: %.1f MB per 10000 dataplanes\n", rss_before, rss_after, (rss_after - rss_before) * 10000 / count);

  Client client;
  std::vector<double> pages;
  std::vector<double> lists;
  for (int round = 0; round < 5; ++round) {
    const Steady::time_point began = Steady::now();
    size_t seen = 0;
    std::string offset = "0";
    while (true) {
      const Steady::time_point sent = Steady::now();
      const io::HttpResponse response = client.Call("GET", MeshPath() + "/dataplanes?size=1000&offset=" + offset);
      pages.push_back(Millis(Steady::now() - sent));
      // Without a parser of all of it, whose time is not the server's: the rows and the end are told by texts.
      for (size_t at = response.body.find("\"type\": \"Dataplane\""); at != std::string::npos; at = response.body.find("\"type\": \"Dataplane\"", at + 1)) ++seen;
      const size_t next = response.body.rfind("offset=");
      if (next == std::string::npos) break;
      offset = response.body.substr(next + 7, response.body.find_first_not_of("0123456789", next + 7) - next - 7);
    }
    lists.push_back(Millis(Steady::now() - began));
    if (seen != static_cast<size_t>(count)) Die("the list has " + std::to_string(seen) + " dataplanes");
  }
  std::printf("list of %d        p50 %7.1f ms (all pages of 1000), a page p50 %.1f ms\n", count, Quantile(lists, 0.5), Quantile(pages, 0.5));
}

void CleanUp(int clients, int dataplanes) {
  if (g_keep) return;
  InParallel(dataplanes, [](Client& client, int i) { client.Call("DELETE", MeshPath() + "/dataplanes/dp-" + std::to_string(i)); });
  InParallel(clients * 20, [](Client& client, int i) {
    client.Call("DELETE", MeshPath() + "/meshtimeouts/load-" + std::to_string(i / 20) + "-" + std::to_string(i % 20));
  });
  Client().Call("DELETE", MeshPath());
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (word == "--keep") {
      g_keep = true;
      continue;
    }
    if (!word.starts_with("--") || !g_options.contains(word.substr(2)) || i + 1 == argc) Die("unexpected argument " + word + "; see --help");
    g_options[word.substr(2)] = argv[++i];
  }
  Client().Put(MeshPath(), ToJsonText({{"type", "Mesh"}, {"name", Text("mesh")}}));
  int most = 0;
  for (const std::string& text : Split(Text("clients"), ',')) {
    const int clients = static_cast<int>(ParseInt(text).value_or(0));
    if (clients <= 0) continue;
    MeasureWrites(clients);
    most = std::max(most, clients);
  }
  const int dataplanes = Number("dataplanes");
  if (dataplanes > 0) MeasureDataplanes(dataplanes);
  CleanUp(most, dataplanes);
}
