#include "pkg/xds/node.h"

#include <algorithm>
#include <cmath>

namespace kuma::xds {
namespace {

// Envoy itself limits what it parses; this guards against hand-made requests.
constexpr int kMaxDepth = 64;

Json ValueToJson(const google::protobuf::Value& value, int depth);

Json FieldsToJson(const google::protobuf::Struct& message, int depth) {
  Json object = Json::object();
  if (depth > kMaxDepth) return object;
  for (const auto& [key, value] : message.fields()) object[key] = ValueToJson(value, depth + 1);
  return object;
}

Json ValueToJson(const google::protobuf::Value& value, int depth) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue: {
      const double number = value.number_value();
      if (std::floor(number) == number && std::abs(number) < 9007199254740992.0) return static_cast<int64_t>(number);
      return number;
    }
    case google::protobuf::Value::kStringValue:
      return value.string_value();
    case google::protobuf::Value::kBoolValue:
      return value.bool_value();
    case google::protobuf::Value::kStructValue:
      return FieldsToJson(value.struct_value(), depth);
    case google::protobuf::Value::kListValue: {
      Json list = Json::array();
      if (depth > kMaxDepth) return list;
      for (const auto& item : value.list_value().values()) list.push_back(ValueToJson(item, depth + 1));
      return list;
    }
    case google::protobuf::Value::kNullValue:
    case google::protobuf::Value::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

}  // namespace

bool ProxyNode::HasFeature(std::string_view feature) const { return std::find(features.begin(), features.end(), feature) != features.end(); }

Json StructToJson(const google::protobuf::Struct& message) { return FieldsToJson(message, 0); }

Result<ProxyNode> ParseNode(const envoy::config::core::v3::Node& node) {
  const std::string& id = node.id();
  if (id.empty()) return Invalid("invalid node ID: Envoy ID must not be nil");
  const size_t dot = id.find('.');
  if (dot == std::string::npos) return Invalid("invalid node ID: the name should be provided after the dot");
  if (dot + 1 == id.size()) return Invalid("invalid node ID: name must not be empty");

  ProxyNode proxy;
  proxy.mesh = id.substr(0, dot);
  proxy.name = id.substr(dot + 1);
  proxy.metadata = StructToJson(node.metadata());
  proxy.proxy_type = GetString(proxy.metadata, "dataplane.proxyType");
  if (proxy.proxy_type.empty()) proxy.proxy_type = "dataplane";
  if (proxy.proxy_type != "dataplane" && proxy.proxy_type != "ingress" && proxy.proxy_type != "egress") {
    return Invalid("unsupported proxy type \"" + proxy.proxy_type + "\"");
  }
  for (const Json& feature : Get(proxy.metadata, "features")) {
    if (feature.is_string()) proxy.features.push_back(feature.get<std::string>());
  }
  for (const auto& extension : node.extensions()) proxy.extensions.push_back(extension.name());
  return proxy;
}

}  // namespace kuma::xds
