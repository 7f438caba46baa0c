// Proxies whose address is a host name (Dataplane networking.address and advertisedAddress, ZoneIngress advertisedAddress), as the mesh
// should see them: with the IP address behind the name, since Envoy's endpoints and listeners take nothing else. Lookups run on workers;
// an answer that changes what a proxy's address is comes as an event. Names are asked again every 10 s, as DNS tells no changes. The
// behaviour is described in the user docs, "Configure the data plane proxy", dnsname addresses (AWS ECS is the usual case).
// Lives on the mesh loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/io/loop.h"
#include "pkg/io/worker_pool.h"
#include "pkg/store/watch.h"

namespace kuma::xds {

// IP addresses of a host name, none when it is unknown. May block; any thread.
using LookUpAddresses = std::function<std::vector<std::string>(const std::string& name)>;

class AddressNames {
 public:
  // `changed`: on the loop, with what other addresses make of resources that were given before.
  AddressNames(io::EventLoop& loop, io::WorkerPool& workers, LookUpAddresses look_up, std::function<void(std::vector<store::Event>)> changed);
  ~AddressNames();
  AddressNames(const AddressNames&) = delete;
  AddressNames& operator=(const AddressNames&) = delete;

  // What the store told, with addresses in the place of names that are known. New names are asked for.
  store::Event Resolve(store::Event event);

 private:
  struct Held {
    ResourcePtr stored;
    ResourcePtr given;
    std::set<std::string> names;
  };

  ResourcePtr Substitute(const ResourcePtr& stored) const;
  void Ask(const std::string& name);
  void OnAnswer(const std::string& name, std::vector<std::string> addresses);
  void AskAgain();

  io::EventLoop& loop_;
  io::WorkerPool& workers_;
  const LookUpAddresses look_up_;
  const std::function<void(std::vector<store::Event>)> changed_;
  const Logger log_{"xds.addresses"};
  std::map<ResourceKey, Held> held_;
  std::map<std::string, std::string> addresses_;  // by name; "" while unknown
  std::set<std::string> asking_;
  io::Timer timer_;
  bool timer_set_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // loop thread only
};

}  // namespace kuma::xds
