#include "cmd/demo/demo.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>

#include "cmd/demo/control_plane_client.h"
#include "cmd/demo/processes.h"
#include "cmd/demo/workload.h"
#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/cli/progress.h"
#include "pkg/dp/envoy_binary.h"
#include "pkg/dp/host.h"
#include "pkg/io/free_port.h"
#include "pkg/kumactl/config_file.h"

namespace kuma::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kLocal = "127.0.0.1";
constexpr const char* kPermission = "frontend-to-backend";
constexpr Nanos kFirstPause = milliseconds(10);
constexpr Nanos kLongestPause = milliseconds(100);
constexpr Nanos kLivePause = seconds(1);
constexpr Nanos kStopGrace = seconds(3);
constexpr int kDeniedRequests = 3;
constexpr int kAllowedRequests = 5;

std::string Millis(Nanos duration) { return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count()) + " ms"; }

std::string TimeOfDay() {
  const std::time_t now = std::chrono::system_clock::to_time_t(RealClock().Now());
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return text.data();
}

// Unix sockets of the proxies lie in it, and their paths are short by law.
Result<std::string> MakeWorkFolder() {
  const char* chosen = std::getenv("TMPDIR");
  std::string path = chosen != nullptr && *chosen != '\0' && std::string_view(chosen).size() <= 40 ? chosen : "/tmp";
  path = JoinPath(path, "kuma-demo-XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) return Internal("cannot make a work folder " + path);
  return path;
}

// One request from the frontend to the backend, as the frontend tells it.
struct Call {
  int64_t status = 0;  // 0: no answer at all
  double took_ms = 0;
  bool by_upstream = false;
  std::string identity;
  std::string detail;

  bool Denied() const { return status == 403; }
  std::string ToString() const {
    std::array<char, 32> took{};
    std::snprintf(took.data(), took.size(), "%.1f ms", took_ms);
    const std::string head = (status == 0 ? std::string("no answer") : std::to_string(status)) + " in " + took.data();
    if (status == 200) return head + ", the backend sees " + (identity.empty() ? "no identity" : identity);
    return head +
           (status == 0   ? ""
            : by_upstream ? ", from the backend's sidecar"
                          : ", from the frontend's sidecar") +
           (detail.empty() ? "" : ": " + detail);
  }
};

class Demo {
 public:
  Demo(const DemoOptions& options, std::string envoy, std::string folder, std::ostream& out, std::ostream& err)
      : options_(options),
        envoy_(std::move(envoy)),
        folder_(std::move(folder)),
        out_(out),
        err_(err),
        program_(dp::OwnProgramPath()),
        deadline_(RealClock().Monotonic() + options.timeout),
        processes_(JoinPath(folder_, "logs")) {}

  int Run() {
    const Status told = Tell();
    if (!told.ok()) {
      if (processes_.interrupted()) {
        out_ << "Interrupted, stopping.\n";
        processes_.StopAll(kStopGrace);
        return 130;
      }
      err_ << "Error: " << told.error().message << "\n";
      if (told.error().code != ErrorCode::kInvalid) ShowLog(told.error().path);
      processes_.StopAll(kStopGrace);
      return 1;
    }
    if (!options_.check) {
      ShowWayOn();
      Watch();
    }
    processes_.StopAll(kStopGrace);
    if (!options_.check) return 0;
    out_ << "All " << steps_ << " steps were observed in " << Millis(RealClock().Monotonic() - started_) << ".\n";
    return 0;
  }

 private:
  // What a step saw, for its line.
  using StepBody = std::function<Result<std::string>()>;

  Status Tell() {
    out_ << "A mesh of two services, with " << envoy_ << "\n\n" << std::flush;
    KUMA_TRY(Step("a control plane is ready", [this] { return StartControlPlane(); }));
    KUMA_TRY(Step("a backend and a frontend serve", [this] { return StartWorkloads(); }));
    KUMA_TRY(Step("both sidecars are connected, each with a token of its own", [this] { return StartProxies(); }));
    KUMA_TRY(Step("without mutual TLS: plaintext passes, callers are unknown", [this] { return ShowPlaintext(); }));
    KUMA_TRY(Step("mutual TLS on (STRICT): the backend's sidecar refuses plaintext", [this] { return ShowStrict(); }));
    KUMA_TRY(Step("no permission yet: the frontend is denied", [this] { return ShowDenied(); }));
    KUMA_TRY(Step("a MeshTrafficPermission lets the frontend through", [this] { return ShowAllowed(); }));
    return Step("the backend knows its caller", [this] { return ShowIdentity(); });
  }

  Status Step(const std::string& text, const StepBody& body) {
    if (terminal_) progress_.Step(text);
    const MonotonicTime start = RealClock().Monotonic();
    Result<std::string> seen = processes_.Check().ok() ? body() : Result<std::string>(processes_.Check().error());
    const std::string took = " (" + Millis(RealClock().Monotonic() - start) + ")";
    ++steps_;
    if (terminal_) {
      seen.ok() ? progress_.Done(text + took) : progress_.Fail(text + took);
    } else {
      out_ << (seen.ok() ? "\u2713 " : "\u2717 ") << text << took << "\n";
    }
    if (!seen.ok()) return std::move(seen).error();
    if (!seen->empty()) out_ << "    " << ReplaceAll(*seen, "\n", "\n    ") << "\n" << std::flush;
    return Ok();
  }

  // Asks again with short pauses until `look` returns nothing; what it returns is what it saw instead.
  Status Until(const std::string& expected, const std::function<Result<std::string>()>& look) {
    Nanos pause = kFirstPause;
    while (true) {
      KUMA_TRY_ASSIGN(const std::string seen, look());
      if (seen.empty()) return Ok();
      if (RealClock().Monotonic() >= deadline_)
        return Unavailable(expected + ": not seen within " + FormatDuration(options_.timeout) + "; last seen: " + seen);
      progress_.Tick();
      KUMA_TRY(processes_.Sleep(pause));
      pause = std::min(pause * 2, kLongestPause);
    }
  }

  std::vector<std::string> ChildEnvironment(const std::vector<std::string>& additions) const {
    std::vector<std::string> env;
    for (std::string& entry : io::CurrentEnvironment()) {
      if (!entry.starts_with("KUMA_")) env.push_back(std::move(entry));
    }
    env.push_back("KUMA_GENERAL_WORK_DIR=" + folder_);
    env.insert(env.end(), additions.begin(), additions.end());
    return env;
  }

  std::string CertificatePath() const { return JoinPath(folder_, "kuma-cp.crt"); }

  Result<std::string> StartControlPlane() {
    KUMA_TRY(MakeDirs(JoinPath(folder_, "logs"), 0700));
    KUMA_TRY_ASSIGN(const std::vector<uint16_t> ports, io::FindFreePorts(kLocal, 9));
    const auto port = [&](size_t index) { return std::to_string(ports[index]); };
    cp_url_ = std::string("https://") + kLocal + ":" + port(0);
    backend_inbound_ = ports[6];
    frontend_inbound_ = ports[7];
    outbound_ = ports[8];
    const std::vector<std::string> settings = {
        "KUMA_MODE=zone", "KUMA_STORE_TYPE=memory", "KUMA_DP_SERVER_PORT=" + port(0), "KUMA_API_SERVER_HTTP_PORT=" + port(1),
        std::string("KUMA_API_SERVER_HTTP_INTERFACE=") + kLocal, "KUMA_API_SERVER_HTTPS_PORT=" + port(2),
        std::string("KUMA_API_SERVER_HTTPS_INTERFACE=") + kLocal, "KUMA_DIAGNOSTICS_SERVER_PORT=" + port(3),
        "KUMA_MONITORING_ASSIGNMENT_SERVER_PORT=" + port(4), "KUMA_INTER_CP_SERVER_PORT=" + port(5),
        // Who watches wants to see proxies appear when they do.
        "KUMA_XDS_SERVER_DATAPLANE_STATUS_FLUSH_INTERVAL=50ms", "KUMA_REPORTS_ENABLED=false"};
    KUMA_TRY(processes_.Start("control plane", {program_, "cp", "run"}, ChildEnvironment(settings)));
    api_ = std::make_unique<ControlPlaneClient>(std::string("http://") + kLocal + ":" + port(1));
    io::HttpClientRequest ready;
    ready.url = std::string("http://") + kLocal + ":" + port(3) + "/ready";
    ready.timeout = seconds(2);
    KUMA_TRY(Until("the control plane is ready", [&]() -> Result<std::string> {
      const auto answer = io::HttpFetch(ready);
      if (!answer.ok()) return answer.error().ToString();
      return answer->status == 200 ? std::string() : "status " + std::to_string(answer->status);
    }));
    // The proxies' port opens last: its certificate may have to be made first.
    io::HttpClientRequest proxies;
    proxies.url = cp_url_ + "/";
    proxies.timeout = seconds(2);
    KUMA_TRY(Until("proxies are served", [&]() -> Result<std::string> {
      auto certificate = ReadFile(CertificatePath());
      if (!certificate.ok()) return certificate.error().ToString();
      proxies.tls.ca_pem = std::move(certificate).value();
      const auto answer = io::HttpFetch(proxies);
      return answer.ok() ? std::string() : answer.error().ToString();
    }));
    KUMA_TRY(api_->PutMesh(options_.mesh, false));
    return "REST API " + api_->url() + ", proxies connect to " + cp_url_;
  }

  Result<std::string> StartWorkloads() {
    const std::string outbound_url = std::string("http://") + kLocal + ":" + std::to_string(outbound_);
    KUMA_TRY(processes_.Start("backend", {program_, "demo", "workload", "backend"}, ChildEnvironment({})));
    KUMA_TRY(processes_.Start("frontend", {program_, "demo", "workload", "frontend", "--backend", outbound_url}, ChildEnvironment({})));
    KUMA_TRY_ASSIGN(backend_address_, processes_.AwaitLine("backend", kListening, deadline_));
    KUMA_TRY_ASSIGN(frontend_address_, processes_.AwaitLine("frontend", kListening, deadline_));
    return "backend " + backend_address_ + ", frontend http://" + frontend_address_ + "/ (calls the backend through its sidecar at port " +
           std::to_string(outbound_) + ")";
  }

  Json DataplaneResource(const std::string& service, uint16_t inbound, const std::string& workload) const {
    const auto service_port = ParseInt(workload.substr(workload.rfind(':') + 1));
    return {{"type", "Dataplane"},
            {"mesh", options_.mesh},
            {"name", service},
            {"networking",
             {{"address", kLocal},
              {"inbound",
               {{{"port", inbound},
                 {"servicePort", service_port.value_or(0)},
                 {"tags", {{"kuma.io/service", service}, {"kuma.io/protocol", "http"}}}}}}}}};
  }

  Status StartProxy(const std::string& service, const Json& resource) {
    std::string token;
    KUMA_TRY(Until("a dataplane token", [&]() -> Result<std::string> {
      auto answer = api_->DataplaneToken(options_.mesh, service);
      // The signing key of a new mesh is made in the background.
      if (!answer.ok()) return answer.error().ToString();
      token = std::move(answer).value();
      return std::string();
    }));
    const std::string proxy_folder = JoinPath(folder_, service);
    const std::string token_file = JoinPath(folder_, service + ".token");
    const std::string resource_file = JoinPath(folder_, service + ".yaml");
    KUMA_TRY(MakeDirs(proxy_folder, 0700));
    KUMA_TRY(WriteFileAtomic(token_file, token, 0600));
    KUMA_TRY(WriteFileAtomic(resource_file, ToYaml(resource)));
    return processes_.Start(service + " sidecar",
                            {program_,
                             "dp",
                             "run",
                             "--cp-address",
                             cp_url_,
                             "--ca-cert-file",
                             CertificatePath(),
                             "--dataplane-file",
                             resource_file,
                             "--dataplane-token-file",
                             token_file,
                             "--binary-path",
                             envoy_,
                             "--work-dir",
                             proxy_folder,
                             "--dns-enabled=false",
                             "--envoy-log-level",
                             "warning",
                             "--drain-time",
                             "100ms",
                             "--concurrency",
                             "1"},
                            ChildEnvironment({}));
  }

  Result<std::string> StartProxies() {
    KUMA_TRY(StartProxy("backend", DataplaneResource("backend", backend_inbound_, backend_address_)));
    Json frontend = DataplaneResource("frontend", frontend_inbound_, frontend_address_);
    frontend["networking"]["outbound"] = {{{"port", outbound_}, {"tags", {{"kuma.io/service", "backend"}}}}};
    KUMA_TRY(StartProxy("frontend", frontend));
    for (const std::string service : {"backend", "frontend"}) {
      KUMA_TRY(Until("the sidecar of the " + service + " is online", [&]() -> Result<std::string> {
        KUMA_TRY_ASSIGN(const bool online, api_->IsOnline(options_.mesh, service));
        return online ? std::string() : std::string("not connected, or no listeners acknowledged");
      }));
    }
    return std::string();
  }

  // Straight to the backend's inbound port, as somebody without a certificate.
  Result<io::HttpResponse> ProbePlaintext() const {
    io::HttpClientRequest request;
    request.url = std::string("http://") + kLocal + ":" + std::to_string(backend_inbound_) + "/";
    request.timeout = seconds(2);
    return io::HttpFetch(request);
  }

  // An error only when the frontend itself does not answer.
  Result<Call> CallBackend() const {
    io::HttpClientRequest request;
    request.url = "http://" + frontend_address_ + "/call";
    request.timeout = seconds(10);
    KUMA_TRY_ASSIGN(const io::HttpResponse response, io::HttpFetch(request));
    KUMA_TRY_ASSIGN(const Json answer, ParseJson(response.body));
    Call call;
    call.status = GetInt(answer, "status");
    const Json& took = Get(answer, "took_ms");
    call.took_ms = took.is_number() ? took.get<double>() : 0;
    call.by_upstream = GetBool(answer, "answered_by_upstream");
    call.identity = GetString(answer, "identity");
    call.detail = GetString(answer, call.status == 0 ? "error" : "detail");
    return call;
  }

  std::string Line(const Call& call, bool mtls) const {
    return TimeOfDay() + "  GET /counter  frontend \u2192 sidecar :" + std::to_string(outbound_) +
           (mtls ? " \u21d2 mTLS \u21d2" : " \u2192") + " sidecar :" + std::to_string(backend_inbound_) +
           (call.status == 200 ? " \u2192 backend" : " \u2717") + "   " + call.ToString();
  }

  Result<std::string> ShowPlaintext() {
    Call call;
    KUMA_TRY(Until("a request passes", [&]() -> Result<std::string> {
      KUMA_TRY_ASSIGN(call, CallBackend());
      return call.status == 200 ? std::string() : call.ToString();
    }));
    if (!call.identity.empty()) return Internal("the backend was told an identity without mutual TLS: " + call.identity);
    const auto direct = ProbePlaintext();
    if (!direct.ok()) return direct.error();
    if (direct->status != 200)
      return Internal("a direct request to the backend's sidecar was answered with " + std::to_string(direct->status));
    return Line(call, false);
  }

  Result<std::string> ShowStrict() {
    KUMA_TRY(api_->PutMesh(options_.mesh, true));
    std::string refusal;
    KUMA_TRY(Until("plaintext is refused", [&]() -> Result<std::string> {
      const auto direct = ProbePlaintext();
      if (direct.ok()) return "it was answered with " + std::to_string(direct->status);
      refusal = direct.error().message;
      // A port on which nobody listens proves nothing.
      return Contains(refusal, "Connection refused") ? refusal : std::string();
    }));
    return "a plain request to 127.0.0.1:" + std::to_string(backend_inbound_) + ", answered a moment ago, now ends with: " + refusal;
  }

  Result<std::string> ShowDenied() {
    std::vector<std::string> lines;
    KUMA_TRY(Until("the frontend is denied", [&]() -> Result<std::string> {
      KUMA_TRY_ASSIGN(const Call call, CallBackend());
      if (!call.Denied()) return call.ToString();
      lines.push_back(Line(call, true));
      return std::string();
    }));
    while (lines.size() < kDeniedRequests) {
      KUMA_TRY_ASSIGN(const Call call, CallBackend());
      if (!call.Denied()) return Internal("a request was not denied: " + call.ToString());
      lines.push_back(Line(call, true));
    }
    return Join(lines, "\n");
  }

  Result<std::string> ShowAllowed() {
    KUMA_TRY(api_->PutPermission(options_.mesh, kPermission, "frontend", "backend"));
    std::vector<std::string> lines;
    KUMA_TRY(Until("the frontend is let through", [&]() -> Result<std::string> {
      KUMA_TRY_ASSIGN(last_, CallBackend());
      if (last_.status != 200) return last_.ToString();
      lines.push_back(Line(last_, true));
      return std::string();
    }));
    while (lines.size() < kAllowedRequests) {
      KUMA_TRY_ASSIGN(last_, CallBackend());
      if (last_.status != 200) return Internal("a request did not pass although one before did: " + last_.ToString());
      lines.push_back(Line(last_, true));
    }
    return Join(lines, "\n");
  }

  Result<std::string> ShowIdentity() {
    const std::string expected = "spiffe://" + options_.mesh + "/frontend";
    if (last_.identity != expected) return Internal("the backend sees \"" + last_.identity + "\", expected " + expected);
    return expected + ", from the certificate that the control plane issued";
  }

  void ShowWayOn() {
    const std::string config = JoinPath(folder_, "kumactl.yaml");
    kumactl::Configuration configuration = kumactl::Configuration::Default();
    kumactl::ControlPlane control_plane;
    control_plane.name = "demo";
    control_plane.server.url = api_->url();
    Status saved = configuration.Add(std::move(control_plane), true);
    if (saved.ok()) saved = configuration.Save(config);
    const std::string beside = program_.substr(0, program_.rfind('/') + 1) + "kumactl";
    const std::string tool = (FileExists(beside) ? beside : program_ + " ctl") + " --config-file " + config;
    out_ << "\nThe mesh runs. Look around:\n"
         << "  page      http://" << frontend_address_ << "/\n"
         << "  REST API  " << api_->url() << "/meshes/" << options_.mesh << "\n"
         << "  logs      " << JoinPath(folder_, "logs") << "\n";
    if (saved.ok()) {
      const std::string of_mesh = options_.mesh == "default" ? "" : " --mesh " + options_.mesh;
      out_ << "and try in another terminal:\n"
           << "  " << tool << " inspect dataplanes" << of_mesh << "\n"
           << "  " << tool << " get meshtrafficpermissions" << of_mesh << "\n"
           << "  " << tool << " delete meshtrafficpermission " << kPermission << of_mesh << "   # then look here\n";
    }
    out_ << "Ctrl-C ends it.\n\n" << std::flush;
  }

  void Watch() {
    while (processes_.Sleep(kLivePause).ok()) {
      const auto call = CallBackend();
      out_ << (call.ok() ? Line(*call, true) : call.error().ToString()) << "\n" << std::flush;
    }
    const Status why = processes_.Check();
    if (processes_.interrupted()) {
      out_ << "\nStopping." << (options_.keep ? "" : " Everything of the demo is removed.") << "\n" << std::flush;
    } else if (!why.ok()) {
      err_ << "Error: " << why.error().message << "\n";
      ShowLog(why.error().path);
    }
  }

  // `name` is the process an error is about, or empty: then all are shown that said something.
  void ShowLog(const std::string& name) {
    for (const char* process : {"control plane", "backend", "frontend", "backend sidecar", "frontend sidecar"}) {
      if (!name.empty() && name != process) continue;
      const std::vector<std::string> lines = processes_.LastLines(process);
      if (lines.empty()) continue;
      err_ << "The last words of the " << process << ":\n";
      for (const std::string& line : lines) err_ << "  | " << line << "\n";
    }
    err_ << "Use --keep to keep the complete logs.\n";
  }

  const DemoOptions options_;
  const std::string envoy_;
  const std::string folder_;
  std::ostream& out_;
  std::ostream& err_;
  const std::string program_;
  const MonotonicTime started_ = RealClock().Monotonic();
  const MonotonicTime deadline_;
  const bool terminal_ = cli::IsTerminal(STDOUT_FILENO);
  cli::Progress progress_{out_, terminal_};
  Processes processes_;
  std::unique_ptr<ControlPlaneClient> api_;
  std::string cp_url_;
  std::string backend_address_;
  std::string frontend_address_;
  uint16_t backend_inbound_ = 0;
  uint16_t frontend_inbound_ = 0;
  uint16_t outbound_ = 0;
  Call last_;
  size_t steps_ = 0;
};

}  // namespace

int RunDemo(const DemoOptions& options, std::ostream& out, std::ostream& err) {
  const char* path = std::getenv("PATH");
  auto envoy = dp::FindEnvoy(options.envoy, dp::OwnProgramPath(), path != nullptr ? path : "");
  if (!envoy.ok()) {
    err << "Error: " << envoy.error().ToString() << "\n"
        << "The demo needs a real Envoy (" << dp::SupportedEnvoyRange() << "): run ./install.sh, which fetches it, or download it from\n"
        << "https://github.com/envoyproxy/envoy/releases and say: kuma demo --envoy PATH\n";
    return 1;
  }
  auto folder = MakeWorkFolder();
  if (!folder.ok()) {
    err << "Error: " << folder.error().ToString() << "\n";
    return 1;
  }
  const int code = Demo(options, std::move(envoy).value(), *folder, out, err).Run();
  if (options.keep) {
    out << "Logs and configurations are in " << *folder << "\n";
  } else {
    std::error_code ignored;  // what cannot be removed lies below /tmp
    std::filesystem::remove_all(*folder, ignored);
  }
  return code;
}

}  // namespace kuma::demo
