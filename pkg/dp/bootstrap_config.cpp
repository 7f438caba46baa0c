#include "pkg/dp/bootstrap_config.h"

#include "pkg/base/strings.h"
#include "pkg/io/socket.h"

namespace kuma::dp {
namespace {

// Protobuf's JSON form has two spellings of a name.
const Json& Either(const Json& object, std::string_view camel, std::string_view snake) {
  const Json& value = Get(object, camel);
  return value.is_null() ? Get(object, snake) : value;
}

uint16_t PortOf(const Json& socket_address) {
  const Json& port = Either(socket_address, "portValue", "port_value");
  return port.is_number_integer() && port.get<int64_t>() > 0 && port.get<int64_t>() <= 65535 ? static_cast<uint16_t>(port.get<int64_t>())
                                                                                             : 0;
}

}  // namespace

std::string AdminAddress::Url(std::string_view target) const {
  if (!unix_path.empty()) return "unix:" + unix_path + ":" + std::string(target);
  const bool any = host.empty() || host == "0.0.0.0" || host == "::";
  return "http://" + io::HostPort(any ? "127.0.0.1" : host, port) + std::string(target);
}

Result<BootstrapConfig> ParseBootstrapReply(const std::string& body) {
  const std::string broken = "the control plane's answer is no bootstrap configuration: ";
  auto reply = ParseJson(body);
  if (!reply.ok()) return Invalid(broken + reply.error().ToString());
  const std::string encoded = GetString(*reply, "bootstrap");
  if (encoded.empty()) return Invalid(broken + "it has no field \"bootstrap\"");
  auto yaml = Base64Decode(encoded);
  if (!yaml.ok()) return Invalid(broken + "bootstrap: " + yaml.error().message);
  BootstrapConfig config;
  config.yaml = std::move(yaml).value();
  auto document = ParseYaml(config.yaml);
  if (!document.ok()) return Invalid(broken + document.error().ToString());
  const Json& address = GetPath(*document, {"admin", "address"});
  config.admin.unix_path = GetString(Get(address, "pipe"), "path");
  const Json& socket = Either(address, "socketAddress", "socket_address");
  config.admin.host = GetString(socket, "address");
  config.admin.port = PortOf(socket);
  if (const std::optional<int64_t> port = ParseInt(GetString(GetPath(*document, {"node", "metadata"}), "dataplane.admin.port")); port.has_value() && *port > 0 && *port <= 65535) {
    config.admin.announced_port = static_cast<uint16_t>(*port);
  }
  config.metrics_aggregate = GetPath(*reply, {"kumaSidecarConfiguration", "metrics", "aggregate"});
  config.sidecar_address = GetString(GetPath(*reply, {"kumaSidecarConfiguration", "networking"}), "address");
  return config;
}

Status BootstrapConfig::MoveAdmin(uint16_t port) {
  KUMA_TRY_ASSIGN(Json document, ParseYaml(yaml));
  if (admin.unix_path.empty()) {
    Json& address = document["admin"]["address"];
    Json& socket = address.contains("socketAddress") ? address["socketAddress"] : address["socket_address"];
    socket.erase("port_value");
    socket["portValue"] = port;
    admin.port = port;
  }
  Json& node = document["node"];
  if (node.is_object() && node["metadata"].is_object() && node["metadata"].contains("dataplane.admin.port")) {
    node["metadata"]["dataplane.admin.port"] = std::to_string(port);
  }
  yaml = ToYaml(document);
  admin.announced_port = port;
  return Ok();
}

}  // namespace kuma::dp
