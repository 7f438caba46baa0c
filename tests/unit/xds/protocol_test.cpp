// Scripts of requests and responses for both variants, without sockets.
#include <catch2/catch.hpp>

#include <map>
#include <random>

#include "pkg/xds/delta.h"
#include "pkg/xds/sotw.h"

using namespace kuma;
using namespace kuma::xds;
using envoy::service::discovery::v3::DeltaDiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryRequest;

namespace {

constexpr auto kBackoff = std::chrono::seconds(5);
constexpr ResourceType kCds = ResourceType::kCluster;
constexpr ResourceType kEds = ResourceType::kEndpoint;
constexpr ResourceType kLds = ResourceType::kListener;
constexpr ResourceType kRds = ResourceType::kRoute;

using Content = std::map<ResourceType, std::map<std::string, std::string>>;

class Views {
 public:
  ViewPtr Make(const Content& content) {
    std::array<SealedList, kResourceTypeCount> lists;
    for (const auto& [type, resources] : content) {
      for (const auto& [name, value] : resources) lists[static_cast<size_t>(type)].push_back(cache_.Seal(type, name, value));
    }
    last_ = MakeView(std::move(lists), last_);
    return last_;
  }

 private:
  ResourceCache cache_;
  ViewPtr last_;
};

DiscoveryRequest Sotw(ResourceType type, std::vector<std::string> names = {}, const std::string& nonce = {}, const std::string& error = {}) {
  DiscoveryRequest request;
  request.set_type_url(std::string(TypeUrl(type)));
  for (auto& name : names) request.add_resource_names(name);
  request.set_response_nonce(nonce);
  if (!error.empty()) request.mutable_error_detail()->set_message(error);
  return request;
}

DeltaDiscoveryRequest Delta(ResourceType type, std::vector<std::string> add = {}, std::vector<std::string> drop = {}, const std::string& nonce = {},
                            const std::string& error = {}) {
  DeltaDiscoveryRequest request;
  request.set_type_url(std::string(TypeUrl(type)));
  for (auto& name : add) request.add_resource_names_subscribe(name);
  for (auto& name : drop) request.add_resource_names_unsubscribe(name);
  request.set_response_nonce(nonce);
  if (!error.empty()) request.mutable_error_detail()->set_message(error);
  return request;
}

RequestKind Kind(const Result<RequestOutcome>& outcome) {
  REQUIRE(outcome.ok());
  return outcome->kind;
}

std::vector<std::string> Names(const Response& response) {
  std::vector<std::string> names;
  for (const SealedPtr& resource : response.resources) names.push_back(resource->name);
  return names;
}

// Everything the session wants to say now, as "CDS a,b" or "EDS -x".
template <typename Session>
std::vector<std::string> Drain(Session& session, std::map<ResourceType, std::string>* nonces = nullptr) {
  static const char* kShort[] = {"CDS", "EDS", "LDS", "RDS", "SDS"};
  std::vector<std::string> out;
  while (auto response = session.Next()) {
    std::string line = kShort[static_cast<size_t>(response->type)];
    for (const std::string& name : Names(*response)) line += " " + name;
    for (const std::string& name : response->removed) line += " -" + name;
    out.push_back(line);
    if (nonces) (*nonces)[response->type] = response->nonce;
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a view shares equal lists and equal resources") {
  Views views;
  const ViewPtr a = views.Make({{kCds, {{"b", "1"}, {"a", "1"}}}, {kLds, {{"l", "1"}}}});
  const ViewPtr b = views.Make({{kCds, {{"a", "1"}, {"b", "2"}}}, {kLds, {{"l", "1"}}}});
  CHECK(a->list(kCds)[0]->name == "a");
  CHECK(a->lists[2] == b->lists[2]);
  CHECK(a->version(kLds) == b->version(kLds));
  CHECK(a->version(kCds) != b->version(kCds));
  CHECK(a->list(kCds)[0] == b->list(kCds)[0]);
  CHECK(b->Find(kCds, "b") != nullptr);
  CHECK(b->Find(kCds, "c") == nullptr);
  CHECK(b->sequence == a->sequence + 1);
}

TEST_CASE("SotW: subscriptions, acknowledgements and order") {
  Views views;
  SotwSession session(kBackoff);
  std::map<ResourceType, std::string> nonces;
  CHECK(Kind(session.OnRequest(Sotw(kLds))) == RequestKind::kSubscribe);
  CHECK(Kind(session.OnRequest(Sotw(kCds))) == RequestKind::kSubscribe);
  CHECK(Drain(session).empty());  // no view yet
  session.SetView(views.Make({{kCds, {{"a", "1"}, {"b", "1"}}}, {kEds, {{"a", "1"}, {"b", "1"}}}, {kLds, {{"l", "1"}}}, {kRds, {{"r", "1"}}}}));
  CHECK(Drain(session, &nonces) == Lines{"CDS a b", "LDS l"});

  SECTION("names are answered at once, also more of them, and only with what exists") {
    session.OnRequest(Sotw(kEds, {"a", "nope"})).ok();
    CHECK(Drain(session, &nonces) == Lines{"EDS a"});
    CHECK(Kind(session.OnRequest(Sotw(kEds, {"a", "nope"}, nonces[kEds]))) == RequestKind::kAck);
    CHECK(Drain(session).empty());
    session.OnRequest(Sotw(kEds, {"a", "b"}, nonces[kEds])).ok();
    CHECK(Drain(session, &nonces) == Lines{"EDS a b"});
    session.OnRequest(Sotw(kEds, {"b"}, nonces[kEds])).ok();
    CHECK(Drain(session).empty());  // fewer names need no answer
  }
  SECTION("one response in flight; the newest view wins") {
    session.SetView(views.Make({{kCds, {{"a", "2"}}}}));
    session.SetView(views.Make({{kCds, {{"a", "3"}}}}));
    CHECK(Drain(session).empty());
    CHECK(Kind(session.OnRequest(Sotw(kCds, {}, nonces[kCds]))) == RequestKind::kAck);
    CHECK(Drain(session) == Lines{"CDS a"});
  }
  SECTION("stale nonces are ignored") {
    const std::string old = nonces[kCds];
    session.OnRequest(Sotw(kCds, {}, old)).ok();
    session.SetView(views.Make({{kCds, {{"a", "2"}}}, {kLds, {{"l", "1"}}}}));
    CHECK(Drain(session, &nonces) == Lines{"CDS a"});
    CHECK(Kind(session.OnRequest(Sotw(kCds, {}, old))) == RequestKind::kStale);
    CHECK(Kind(session.OnRequest(Sotw(kCds, {}, nonces[kCds]))) == RequestKind::kAck);
  }
  SECTION("changed clusters bring their endpoints again, unchanged ones do not") {
    session.OnRequest(Sotw(kEds, {"a", "b"})).ok();
    Drain(session, &nonces);
    for (ResourceType type : {kCds, kLds}) session.OnRequest(Sotw(type, {}, nonces[type])).ok();
    session.OnRequest(Sotw(kEds, {"a", "b"}, nonces[kEds])).ok();
    session.SetView(views.Make({{kCds, {{"a", "2"}, {"b", "1"}}}, {kEds, {{"a", "1"}, {"b", "1"}}}, {kLds, {{"l", "1"}}}}));
    CHECK(Drain(session, &nonces) == Lines{"CDS a b", "EDS a b"});
  }
  SECTION("listeners wait for clusters that cannot be sent yet, endpoints do not") {
    session.OnRequest(Sotw(kEds, {"a"})).ok();
    Drain(session, &nonces);
    session.OnRequest(Sotw(kEds, {"a"}, nonces[kEds])).ok();
    session.OnRequest(Sotw(kLds, {}, nonces[kLds])).ok();
    session.SetView(views.Make({{kCds, {{"c", "1"}}}, {kEds, {{"a", "9"}}}, {kLds, {{"l", "2"}}}}));
    CHECK(Drain(session) == Lines{"EDS a"});
    session.OnRequest(Sotw(kCds, {}, nonces[kCds])).ok();
    CHECK(Drain(session) == Lines{"CDS c", "LDS l"});
  }
  SECTION("a removed resource is told by a whole list") {
    session.OnRequest(Sotw(kEds, {"a", "b"})).ok();
    Drain(session, &nonces);
    for (ResourceType type : {kCds, kLds}) session.OnRequest(Sotw(type, {}, nonces[type])).ok();
    session.SetView(views.Make({{kCds, {{"a", "1"}}}, {kEds, {{"a", "1"}}}, {kLds, {{"l", "1"}}}}));
    CHECK(Drain(session, &nonces) == Lines{"CDS a"});
    session.OnRequest(Sotw(kEds, {"a"}, nonces[kEds])).ok();  // let go before we could say so
    CHECK(Drain(session, &nonces) == Lines{"EDS a"});
  }
}

TEST_CASE("SotW: rejection") {
  Views views;
  SotwSession session(kBackoff);
  std::map<ResourceType, std::string> nonces;
  session.OnRequest(Sotw(kCds)).ok();
  session.SetView(views.Make({{kCds, {{"a", "bad"}}}}));
  Drain(session, &nonces);
  auto outcome = session.OnRequest(Sotw(kCds, {}, nonces[kCds], "no such thing"));
  REQUIRE(Kind(outcome) == RequestKind::kNack);
  CHECK(outcome->error == "no such thing");
  CHECK(outcome->retry_after == kBackoff);
  CHECK(Drain(session).empty());

  SECTION("other content goes out at once") {
    session.SetView(views.Make({{kCds, {{"a", "good"}}}}));
    CHECK(Drain(session, &nonces) == Lines{"CDS a"});
    session.Retry(kCds, outcome->nonce);  // too late to matter
    CHECK(Kind(session.OnRequest(Sotw(kCds, {}, nonces[kCds]))) == RequestKind::kAck);
    CHECK(Drain(session).empty());
  }
  SECTION("the same content goes out after the back-off, which doubles") {
    session.SetView(views.Make({{kCds, {{"a", "bad"}}}, {kLds, {{"l", "1"}}}}));
    CHECK(Drain(session).empty());
    session.Retry(kCds, outcome->nonce);
    CHECK(Drain(session, &nonces) == Lines{"CDS a"});
    outcome = session.OnRequest(Sotw(kCds, {}, nonces[kCds], "still"));
    CHECK(outcome->retry_after == 2 * kBackoff);
  }
  SECTION("a rejected type does not hold up the others") {
    session.OnRequest(Sotw(kLds)).ok();
    session.SetView(views.Make({{kCds, {{"a", "bad"}}}, {kLds, {{"l", "1"}}}}));
    CHECK(Drain(session) == Lines{"LDS l"});
  }
}

TEST_CASE("SotW: reconnect, unknown types, bad requests") {
  Views views;
  SotwSession session(kBackoff);
  const ViewPtr view = views.Make({{kCds, {{"a", "1"}}}, {kEds, {{"a", "1"}}}});
  session.SetView(view);
  DiscoveryRequest again = Sotw(kCds);
  again.set_version_info(view->version(kCds));
  session.OnRequest(again).ok();
  CHECK(Drain(session).empty());  // holds it already
  session.OnRequest(Sotw(kLds)).ok();
  CHECK(Drain(session) == Lines{"LDS"});  // nothing there, but Envoy waits to hear so
  session.OnRequest(Sotw(kEds, {"a"})).ok();
  CHECK(Drain(session) == Lines{"EDS a"});

  DiscoveryRequest runtime;
  runtime.set_type_url("type.googleapis.com/envoy.service.runtime.v3.Runtime");
  CHECK(Kind(session.OnRequest(runtime)) == RequestKind::kUnknown);
  CHECK_FALSE(session.OnRequest(DiscoveryRequest()).ok());
}

TEST_CASE("delta: subscriptions, differences and removals") {
  Views views;
  DeltaSession session(kBackoff);
  std::map<ResourceType, std::string> nonces;
  session.OnRequest(Delta(kCds)).ok();
  session.OnRequest(Delta(kLds)).ok();
  session.SetView(views.Make({{kCds, {{"a", "1"}, {"b", "1"}}}, {kEds, {{"a", "1"}, {"b", "1"}}}}));
  CHECK(Drain(session, &nonces) == Lines{"CDS a b", "LDS"});
  session.OnRequest(Delta(kEds, {"a", "b", "nope"})).ok();
  CHECK(Drain(session, &nonces) == Lines{"EDS a b -nope"});
  for (ResourceType type : {kCds, kLds, kEds}) CHECK(Kind(session.OnRequest(Delta(type, {}, {}, nonces[type]))) == RequestKind::kAck);
  CHECK(Drain(session).empty());

  SECTION("only what changed is sent, with endpoints of changed clusters") {
    session.SetView(views.Make({{kCds, {{"a", "2"}, {"b", "1"}}}, {kEds, {{"a", "1"}, {"b", "2"}}}}));
    CHECK(Drain(session) == Lines{"CDS a", "EDS a b"});
  }
  SECTION("removed and late resources") {
    session.SetView(views.Make({{kCds, {{"a", "1"}}}, {kEds, {{"a", "1"}, {"nope", "1"}}}}));
    CHECK(Drain(session) == Lines{"CDS -b", "EDS nope -b"});
  }
  SECTION("asking again sends again; letting go ends it") {
    session.OnRequest(Delta(kEds, {"a"})).ok();
    CHECK(Drain(session, &nonces) == Lines{"EDS a"});
    session.OnRequest(Delta(kEds, {}, {"a"}, nonces[kEds])).ok();
    session.SetView(views.Make({{kCds, {{"a", "1"}, {"b", "1"}}}, {kEds, {{"a", "2"}, {"b", "1"}}}}));
    CHECK(Drain(session).empty());
  }
  SECTION("changes of names hold while a response is in flight") {
    session.OnRequest(Delta(kEds, {"a"})).ok();
    CHECK(Drain(session, &nonces) == Lines{"EDS a"});
    CHECK(Kind(session.OnRequest(Delta(kEds, {"b"}, {}, "0"))) == RequestKind::kStale);
    CHECK(Drain(session).empty());
    session.OnRequest(Delta(kEds, {}, {}, nonces[kEds])).ok();
    CHECK(Drain(session) == Lines{"EDS b"});
  }
  SECTION("rejection") {
    session.SetView(views.Make({{kCds, {{"a", "bad"}, {"b", "1"}}}, {kEds, {{"a", "1"}, {"b", "1"}}}}));
    Drain(session, &nonces);
    const auto outcome = session.OnRequest(Delta(kCds, {}, {}, nonces[kCds], "no"));
    REQUIRE(Kind(outcome) == RequestKind::kNack);
    CHECK(Drain(session).empty());
    session.Retry(kCds, outcome->nonce);
    CHECK(Drain(session, &nonces) == Lines{"CDS a"});
    session.OnRequest(Delta(kCds, {}, {}, nonces[kCds], "no")).ok();
    session.SetView(views.Make({{kCds, {{"a", "good"}, {"b", "1"}}}, {kEds, {{"a", "1"}, {"b", "1"}}}}));
    CHECK(Drain(session).front() == "CDS a");
  }
}

TEST_CASE("delta: a client that reconnects gets only what it lacks") {
  Views views;
  const ViewPtr view = views.Make({{kCds, {{"a", "1"}, {"b", "1"}}}});
  DeltaSession session(kBackoff);
  DeltaDiscoveryRequest request = Delta(kCds);
  (*request.mutable_initial_resource_versions())["a"] = (*view->Find(kCds, "a"))->version;
  (*request.mutable_initial_resource_versions())["b"] = "an old one";
  (*request.mutable_initial_resource_versions())["gone"] = "1";
  session.OnRequest(request).ok();
  session.SetView(view);
  CHECK(Drain(session) == Lines{"CDS b -gone"});
}

namespace {

// Clients that apply responses as Envoy does and follow EDS names of their clusters.
template <typename Session>
struct Client {
  Session session{kBackoff};
  Content have;
  std::set<std::string> endpoints;

  void Follow(ResourceType type, const Response& response, bool whole) {
    auto& resources = have[type];
    if (whole) resources.clear();
    for (const SealedPtr& resource : response.resources) resources[resource->name] = resource->any;
    for (const std::string& name : response.removed) resources.erase(name);
  }
  std::set<std::string> Wanted() {
    std::set<std::string> names;
    for (const auto& [name, value] : have[kCds]) names.insert(name);
    return names;
  }
};

void Step(Client<SotwSession>& client, const Response& response) {
  client.Follow(response.type, response, true);
  if (response.type == kCds) {
    client.session.OnRequest(Sotw(kCds, {}, response.nonce)).ok();
    return;
  }
  client.endpoints = client.Wanted();
  client.session.OnRequest(Sotw(response.type, response.type == kEds ? std::vector<std::string>(client.endpoints.begin(), client.endpoints.end()) : std::vector<std::string>(), response.nonce)).ok();
}

void Step(Client<DeltaSession>& client, const Response& response) {
  client.Follow(response.type, response, false);
  std::vector<std::string> add, drop;
  if (response.type == kCds) {
    const auto wanted = client.Wanted();
    for (const auto& name : wanted) {
      if (!client.endpoints.contains(name)) add.push_back(name);
    }
    for (const auto& name : client.endpoints) {
      if (!wanted.contains(name)) {
        drop.push_back(name);
        client.have[kEds].erase(name);
      }
    }
    client.endpoints = wanted;
  }
  client.session.OnRequest(Delta(response.type, {}, {}, response.nonce)).ok();
  if (!add.empty() || !drop.empty()) client.session.OnRequest(Delta(kEds, add, drop)).ok();
}

}  // namespace

TEST_CASE("law: SotW and delta clients end equal, and equal to the view") {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    Views views;
    Client<SotwSession> sotw;
    Client<DeltaSession> delta;
    sotw.session.OnRequest(Sotw(kCds)).ok();
    sotw.session.OnRequest(Sotw(kLds)).ok();
    delta.session.OnRequest(Delta(kCds)).ok();
    delta.session.OnRequest(Delta(kLds)).ok();
    std::string last_eds_nonce;
    ViewPtr view;
    auto run = [&](int steps) {
      for (int i = 0; i < steps; ++i) {
        if (auto response = delta.session.Next()) Step(delta, *response);
        auto response = sotw.session.Next();
        if (!response) continue;
        if (response->type == kEds) last_eds_nonce = response->nonce;
        Step(sotw, *response);
        if (response->type == kCds) {
          sotw.endpoints = sotw.Wanted();
          sotw.session.OnRequest(Sotw(kEds, {sotw.endpoints.begin(), sotw.endpoints.end()}, last_eds_nonce)).ok();
        }
      }
    };
    for (int change = 0; change < 12; ++change) {
      Content content;
      content[kCds]["fixed"] = "1";
      content[kEds]["fixed"] = std::to_string(random() % 3);
      for (const char* name : {"a", "b", "c", "d"}) {
        if (random() % 3 == 0) continue;
        content[kCds][name] = std::to_string(random() % 2);
        content[kEds][name] = std::to_string(random() % 3);
      }
      content[kLds]["l"] = std::to_string(random() % 3);
      view = views.Make(content);
      sotw.session.SetView(view);
      delta.session.SetView(view);
      run(static_cast<int>(random() % 4));  // often less than it takes
    }
    run(60);
    Content expected;
    for (ResourceType type : {kCds, kEds, kLds}) {
      for (const SealedPtr& resource : view->list(type)) expected[type][resource->name] = resource->any;
    }
    CHECK(sotw.have == expected);
    CHECK(delta.have == expected);
  }
}
