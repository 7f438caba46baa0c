#include "pkg/dp/supervisor.h"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include <catch2/catch.hpp>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/io/free_port.h"

namespace kuma::dp {
namespace {

constexpr const char* kVersionLine =
    "if [ \"$1\" = --version ]; then echo 'envoy  version: abc/1.40.0/Clean/RELEASE/BoringSSL'; exit 0; fi\n";

// A control plane, a program in the place of Envoy and Envoy's admin interface, all of them scripted.
struct Stage {
  io::EventLoop loop;
  io::WorkerPool pool{2, 64};
  WorkDir folder = WorkDir::Open("").value();
  Settings settings;
  std::vector<io::HttpResponse> cp_replies;  // the last one stays
  std::vector<Json> cp_requests;
  std::vector<std::string> admin_requests;
  std::vector<std::string> output;
  int admin_ready = 200;
  int busy_answers = 0;  // how often /stats tells of a request in work
  std::string why;       // of the last Run()
  std::unique_ptr<io::HttpServer> cp;
  std::unique_ptr<io::HttpServer> admin;
  std::unique_ptr<Supervisor> supervisor;
  std::function<void()> on_cp_request = [] {};
  std::function<void(const std::string& path)> on_admin_request = [](const std::string&) {};
  std::function<void(const std::string& line)> on_output = [](const std::string&) {};

  Stage() {
    io::HttpServerOptions options;
    options.listen.address = "127.0.0.1";
    options.service.handler = [this](const io::HttpRequest& request, const io::Responder& responder) {
      cp_requests.push_back(ParseJson(request.body).value_or(Json()));
      responder.Send(cp_replies[std::min(cp_requests.size(), cp_replies.size()) - 1]);
      on_cp_request();
    };
    cp = io::HttpServer::Start(loop, options).value();
    io::HttpServerOptions admin_options;
    admin_options.listen.unix_path = AdminPath();
    admin_options.service.handler = [this](const io::HttpRequest& request, const io::Responder& responder) {
      admin_requests.push_back(request.method + " " + request.target);
      if (request.path == "/stats") {
        const bool busy = busy_answers-- > 0;
        responder.Send(
            {200, {}, std::string("http.admin.downstream_rq_active: 1\nhttp.in.downstream_rq_active: ") + (busy ? "2\n" : "0\n")});
        return on_admin_request(request.path);
      }
      responder.Send(
          {request.path == "/ready" ? admin_ready : 200, {}, request.path == "/ready" && admin_ready == 200 ? "LIVE\n" : "INITIALIZING\n"});
      on_admin_request(request.path);
    };
    admin = io::HttpServer::Start(loop, admin_options).value();
    cp_replies = {{200, {}, ToJsonText({{"bootstrap", Base64Encode("admin: {address: {pipe: {path: " + AdminPath() + "}}}\n")}})}};
    settings.cp_url = "http://" + cp->address();
    settings.name = "web";
    settings.mesh = "default";
    settings.work_dir = folder.path() + "/work";
    settings.envoy_path = folder.path() + "/envoy";
    settings.drain_time = std::chrono::milliseconds(20);
    settings.stop_grace = std::chrono::milliseconds(500);
    settings.retry = {std::chrono::milliseconds(1), std::chrono::milliseconds(4), std::chrono::seconds(5)};
    settings.readiness_port = 0;
    SetEnvoy("trap 'echo bye; exit 0' TERM\necho up\nwhile :; do sleep 0.01; done\n");
  }
  ~Stage() { supervisor.reset(); }

  std::string AdminPath() const { return folder.path() + "/a.sock"; }
  void SetEnvoy(const std::string& script) {
    REQUIRE(WriteFileAtomic(folder.path() + "/envoy", "#!/bin/sh\n" + std::string(kVersionLine) + script, 0755).ok());
  }

  int Run() {
    int exit_code = -1;
    supervisor = std::make_unique<Supervisor>(SupervisorDeps{loop, pool, RealClock(),
                                                             [this](std::string_view line, bool) {
                                                               output.emplace_back(line);
                                                               on_output(output.back());
                                                             },
                                                             "", "/usr/bin:/bin"},
                                              settings, std::nullopt);
    loop.Post([&] {
      supervisor->Start([&](int code, const std::string& reason) {
        exit_code = code;
        why = reason;
        loop.Stop();
      });
    });
    bool late = false;
    io::Timer guard = loop.PostAfter(std::chrono::seconds(20), [&] {
      late = true;
      loop.Stop();
    });
    loop.Run();
    guard.Cancel();
    CHECK_FALSE(late);
    return exit_code;
  }

  void AskReadiness(std::function<void(const io::HttpResponse&)> then) {
    io::HttpClientRequest request;
    request.url = "http://" + supervisor->readiness()->address() + "/ready";
    io::HttpFetchAsync(loop, pool, request, [then = std::move(then)](Result<io::HttpResponse> reply) { then(reply.value_or({})); });
  }
};

}  // namespace

TEST_CASE("supervisor: starts, is ready, drains and stops on SIGTERM") {
  Stage stage;
  std::vector<int> statuses;
  std::string terminating;
  stage.on_admin_request = [&](const std::string& path) {
    if (path == "/ready" && statuses.empty()) {
      statuses.push_back(0);
      stage.AskReadiness([&](const io::HttpResponse& ready) {
        statuses.push_back(ready.status);
        stage.supervisor->OnSignal(SIGTERM);
      });
    }
    if (path == "/healthcheck/fail") stage.AskReadiness([&](const io::HttpResponse& ready) { terminating = ready.body; });
  };
  CHECK(stage.Run() == 0);
  CHECK(statuses == std::vector<int>{0, 200});
  CHECK(terminating == "TERMINATING");
  // Clients are told to go first, then nobody new is let in, then Envoy ends when it has nothing to do.
  const std::vector<std::string> draining(stage.admin_requests.end() - 3, stage.admin_requests.end());
  CHECK(draining ==
        std::vector<std::string>{"POST /healthcheck/fail", "POST /drain_listeners?inboundonly", "GET /stats?filter=downstream_rq_active$"});
  CHECK(stage.output.front() == "up");
  CHECK(std::count(stage.output.begin(), stage.output.end(), "bye") == 1);
  REQUIRE(stage.cp_requests.size() == 1);
  CHECK(stage.cp_requests[0]["readinessPort"] == stage.supervisor->readiness()->port());
  CHECK(stage.cp_requests[0]["version"]["envoy"]["version"] == "1.40.0");
  struct stat info {};
  REQUIRE(::stat((stage.settings.work_dir + "/bootstrap.yaml").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("supervisor: the reason of Envoy's end is the reason of ours") {
  struct Case {
    std::string name, script;
    int code;
    std::string reason;
  };
  for (const Case& c : std::vector<Case>{{"error", "echo '[x][1][critical][main] bad port' >&2; echo 'other' >&2; exit 3\n", 3,
                                          "exit code 3: [x][1][critical][main] bad port"},
                                         {"quiet end", "exit 0\n", 1, "exit code 0"},
                                         {"killed", "kill -9 $$\n", 137, "signal SIGKILL"}}) {
    INFO(c.name);
    Stage stage;
    stage.SetEnvoy(c.script);
    CHECK(stage.Run() == c.code);
    CHECK_THAT(stage.why, Catch::Contains(c.reason));
  }
}

TEST_CASE("supervisor: the control plane is asked again, and its refusal is final") {
  Stage stage;
  stage.cp_replies = {{503, {}, "later"}, {404, {}, ""}, stage.cp_replies[0]};
  stage.on_output = [&](const std::string&) { stage.supervisor->OnSignal(SIGINT); };
  CHECK(stage.Run() == 0);
  CHECK(stage.cp_requests.size() == 3);

  Stage refused;
  refused.cp_replies = {{422, {}, "no token"}};
  CHECK(refused.Run() == 1);
  CHECK_THAT(refused.why, Catch::Contains("no token"));
  CHECK(refused.cp_requests.size() == 1);
  CHECK(refused.output.empty());

  Stage gone;
  gone.settings.cp_url = "http://127.0.0.1:" + std::to_string(io::FindFreePort("127.0.0.1").value());
  gone.settings.retry.total = std::chrono::milliseconds(20);
  CHECK(gone.Run() == 1);
}

TEST_CASE("supervisor: signals at other moments") {
  SECTION("before Envoy runs") {
    Stage stage;
    stage.cp_replies = {{503, {}, ""}};
    stage.on_cp_request = [&] { stage.supervisor->OnSignal(SIGTERM); };
    CHECK(stage.Run() == 0);
    CHECK(stage.output.empty());
  }
  SECTION("a second one skips the drain time") {
    Stage stage;
    stage.settings.drain_time = std::chrono::hours(1);
    stage.on_output = [&](const std::string& line) {
      if (line == "up") stage.supervisor->OnSignal(SIGTERM);
    };
    stage.on_admin_request = [&](const std::string& path) {
      if (path == "/healthcheck/fail") stage.supervisor->OnSignal(SIGTERM);
    };
    CHECK(stage.Run() == 0);
  }
  SECTION("requests in work are waited for, but not for ever") {
    for (const int busy : {3, 1000}) {
      Stage stage;
      stage.settings.stop_grace = std::chrono::milliseconds(200);
      stage.busy_answers = busy;
      stage.on_output = [&](const std::string& line) {
        if (line == "up") stage.supervisor->OnSignal(SIGTERM);
      };
      CHECK(stage.Run() == 0);
      const auto asked = std::count(stage.admin_requests.begin(), stage.admin_requests.end(), "GET /stats?filter=downstream_rq_active$");
      CHECK((busy == 3 ? asked == 4 : asked > 4));
    }
  }
  SECTION("a CA file that does not come") {
    Stage stage;
    stage.settings.ca_cert_file = stage.folder.path() + "/ca.crt";
    stage.settings.retry.total = std::chrono::milliseconds(30);
    CHECK(stage.Run() == 1);
    CHECK(Contains(stage.why, stage.settings.ca_cert_file));
    CHECK(Contains(stage.why, "Given up after 30ms"));
    CHECK(stage.cp_requests.empty());
  }
  SECTION("an Envoy that does not listen is killed") {
    Stage stage;
    stage.settings.stop_grace = std::chrono::milliseconds(50);
    stage.SetEnvoy("trap '' TERM\necho up\nwhile :; do sleep 0.01; done\n");
    stage.on_output = [&](const std::string&) { stage.supervisor->OnSignal(SIGTERM); };
    CHECK(stage.Run() == 0);
  }
  SECTION("SIGUSR2 drains and stays, SIGTERM then stops at once") {
    Stage stage;
    stage.settings.drain_time = std::chrono::hours(1);
    stage.on_output = [&](const std::string& line) {
      if (line == "up") stage.supervisor->OnSignal(SIGUSR2);
    };
    stage.on_admin_request = [&](const std::string& path) {
      if (path == "/drain_listeners") stage.supervisor->OnSignal(SIGTERM);
    };
    CHECK(stage.Run() == 0);
    CHECK(std::count(stage.admin_requests.begin(), stage.admin_requests.end(), "POST /drain_listeners?inboundonly&graceful&skip_exit") ==
          1);
    CHECK(std::count(stage.admin_requests.begin(), stage.admin_requests.end(), "POST /healthcheck/fail") == 0);
  }
}

TEST_CASE("supervisor: not ready until Envoy is, ports, and what cannot start") {
  SECTION("503 with the reason of Envoy") {
    Stage stage;
    stage.admin_ready = 503;
    io::HttpResponse seen;
    bool asked = false;
    stage.on_admin_request = [&](const std::string&) {
      if (std::exchange(asked, true)) return;
      stage.AskReadiness([&](const io::HttpResponse& ready) {
        seen = ready;
        stage.settings.drain_time = {};
        stage.supervisor->OnSignal(SIGTERM);
      });
    };
    CHECK(stage.Run() == 0);
    CHECK(seen.status == 503);
    CHECK(seen.body == "INITIALIZING\n");
  }
  SECTION("a busy readiness port is replaced unless it was chosen") {
    for (const bool fixed : {false, true}) {
      Stage stage;
      stage.settings.readiness_port = stage.cp->port();
      stage.settings.readiness_port_fixed = fixed;
      stage.on_output = [&](const std::string&) { stage.supervisor->OnSignal(SIGTERM); };
      CHECK(stage.Run() == (fixed ? 1 : 0));
      if (!fixed) CHECK(stage.cp_requests.at(0)["readinessPort"] != stage.cp->port());
    }
  }
  SECTION("a busy admin port is replaced, and Envoy is told") {
    Stage stage;
    const std::string port = std::to_string(stage.cp->port());
    stage.cp_replies = {
        {200,
         {},
         ToJsonText({{"bootstrap", Base64Encode("admin: {address: {socketAddress: {address: 127.0.0.1, portValue: " + port + "}}}\n")}})}};
    stage.on_output = [&](const std::string&) { stage.supervisor->OnSignal(SIGTERM); };
    CHECK(stage.Run() == 0);
    CHECK_FALSE(Contains(ReadFile(stage.settings.work_dir + "/bootstrap.yaml").value(), port));
  }
  SECTION("no Envoy, or not Envoy") {
    Stage stage;
    stage.settings.envoy_path = "/nonexistent/envoy";
    CHECK(stage.Run() == 1);
    Stage other;
    other.settings.envoy_path = "true";
    CHECK(other.Run() == 1);
    CHECK(other.cp_requests.empty());
  }
}

}  // namespace kuma::dp
