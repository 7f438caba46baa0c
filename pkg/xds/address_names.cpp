#include "pkg/xds/address_names.h"

#include <algorithm>
#include <chrono>

#include "pkg/base/json.h"
#include "pkg/resources/validate.h"

namespace kuma::xds {
namespace {

constexpr Nanos kAskAgainAfter = std::chrono::seconds(10);

std::vector<const char*> AddressFields(const std::string& type) {
  if (type == "Dataplane") return {"address", "advertisedAddress"};
  if (type == "ZoneIngress") return {"advertisedAddress"};
  return {};
}

bool IsName(const std::string& address) { return !address.empty() && address.find('/') == std::string::npos && !resources::IsIp(address); }

std::set<std::string> NamesOf(const Resource& resource) {
  std::set<std::string> names;
  const Json& networking = Get(resource.spec, "networking");
  for (const char* field : AddressFields(resource.meta.type())) {
    if (std::string address = GetString(networking, field); IsName(address)) names.insert(std::move(address));
  }
  return names;
}

}  // namespace

AddressNames::AddressNames(io::EventLoop& loop, io::WorkerPool& workers, LookUpAddresses look_up,
                           std::function<void(std::vector<store::Event>)> changed)
    : loop_(loop), workers_(workers), look_up_(std::move(look_up)), changed_(std::move(changed)) {}

AddressNames::~AddressNames() {
  *alive_ = false;
  timer_.Cancel();
}

store::Event AddressNames::Resolve(store::Event event) {
  const ResourceKey& key = event.meta().key;
  if (AddressFields(key.type).empty()) return event;
  const auto held = held_.find(key);
  if (held != held_.end()) event.old_value = held->second.given;
  std::set<std::string> names = event.new_value == nullptr ? std::set<std::string>() : NamesOf(*event.new_value);
  if (names.empty()) {
    if (held != held_.end()) held_.erase(held);
    return event;
  }
  for (const std::string& name : names) {
    if (!addresses_.contains(name)) Ask(name);
  }
  Held& now = held_[key];
  now.stored = event.new_value;
  now.names = std::move(names);
  now.given = Substitute(now.stored);
  event.new_value = now.given;
  return event;
}

ResourcePtr AddressNames::Substitute(const ResourcePtr& stored) const {
  auto copy = std::make_shared<Resource>(*stored);
  Json& networking = copy->spec["networking"];
  bool known = false;
  for (const char* field : AddressFields(stored->meta.type())) {
    const auto found = addresses_.find(GetString(networking, field));
    if (found == addresses_.end() || found->second.empty()) continue;
    networking[field] = found->second;
    known = true;
  }
  return known ? copy : stored;
}

void AddressNames::Ask(const std::string& name) {
  addresses_.try_emplace(name);
  if (!asking_.insert(name).second) return;
  const bool taken = workers_.TrySubmit([look_up = look_up_, name, loop = loop_.handle(), alive = alive_, this] {
    std::vector<std::string> addresses = look_up(name);
    loop.Post([name, addresses = std::move(addresses), alive, this]() mutable {
      if (*alive) OnAnswer(name, std::move(addresses));
    });
  });
  if (!taken) asking_.erase(name);  // asked again with the others
  if (!timer_set_) {
    timer_set_ = true;
    timer_ = loop_.PostAfter(kAskAgainAfter, [alive = alive_, this] {
      if (*alive) AskAgain();
    });
  }
}

void AddressNames::OnAnswer(const std::string& name, std::vector<std::string> addresses) {
  asking_.erase(name);
  const auto known = addresses_.find(name);
  if (known == addresses_.end()) return;
  if (addresses.empty()) {
    // What was known stays: a name server that is away for a moment must not take proxies out of the mesh.
    if (known->second.empty()) log_.Warn("the address of a proxy is a name that does not resolve", {{"name", name}});
    return;
  }
  // Always the same one of several, so that proxies do not change with the order of answers.
  std::string address = *std::min_element(addresses.begin(), addresses.end());
  if (address == known->second) return;
  known->second = std::move(address);
  std::vector<store::Event> events;
  for (auto& [key, held] : held_) {
    if (!held.names.contains(name)) continue;
    store::Event event;
    event.old_value = held.given;
    held.given = Substitute(held.stored);
    event.new_value = held.given;
    events.push_back(std::move(event));
  }
  if (!events.empty()) changed_(std::move(events));
}

void AddressNames::AskAgain() {
  timer_set_ = false;
  std::set<std::string> wanted;
  for (const auto& [key, held] : held_) wanted.insert(held.names.begin(), held.names.end());
  std::erase_if(addresses_, [&](const auto& known) { return !wanted.contains(known.first); });
  for (const std::string& name : wanted) Ask(name);
}

}  // namespace kuma::xds
