#include "pkg/policy/mesh_proxy_patch/native.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/envoy/api.h"
#include "pkg/envoy/descriptors.h"

namespace kuma::policy {
namespace {

constexpr const char* kTypeKey = "@type";

std::unique_ptr<google::protobuf::Message> NewMessage(NativeKind kind) {
  switch (kind) {
    case NativeKind::kCluster:
      return std::make_unique<envoy::Cluster>();
    case NativeKind::kListener:
      return std::make_unique<envoy::Listener>();
    case NativeKind::kVirtualHost:
      return std::make_unique<envoy::VirtualHost>();
    case NativeKind::kNetworkFilter:
      return std::make_unique<::envoy::config::listener::v3::Filter>();
    case NativeKind::kHttpFilter:
      return std::make_unique<envoy::HttpFilter>();
  }
  return std::make_unique<google::protobuf::Empty>();
}

bool IsLinked(const std::string& type_url) {
  const std::string name = type_url.substr(type_url.rfind('/') + 1);
  return google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name) != nullptr;
}

// Contents of types without a C++ class are checked apart, and blanked for the check of the whole.
Status CheckUnlinkedTypes(Json& value) {
  if (value.is_object()) {
    const auto type = value.find(kTypeKey);
    if (type != value.end() && type->is_string() && !IsLinked(type->get<std::string>())) {
      google::protobuf::Any any;
      any.set_type_url(type->get<std::string>());
      KUMA_TRY_ASSIGN(const std::unique_ptr<google::protobuf::Message> message, envoy::Unpack(any));
      value.erase(kTypeKey);
      KUMA_TRY(envoy::JsonToMessage(value, *message));
      value = {{kTypeKey, "type.googleapis.com/google.protobuf.Empty"}};
      return Ok();
    }
  }
  if (!value.is_structured()) return Ok();
  for (Json& item : value) KUMA_TRY(CheckUnlinkedTypes(item));
  return Ok();
}

}  // namespace

std::string NativeFault(NativeKind kind, std::string_view yaml, bool whole) {
  // Nothing at all is a resource without fields.
  Result<Json> parsed = Trim(yaml).empty() ? Result<Json>(Json::object()) : ParseYaml(yaml);
  if (!parsed.ok()) return parsed.error().ToString();
  Json document = std::move(parsed).value();
  if (!document.is_object()) {
    const std::string_view given = document.is_number() ? "number" : document.is_boolean() ? "bool" : document.type_name();
    return "json: cannot unmarshal " + std::string(given) + " into Go value of type map[string]json.RawMessage";
  }
  if (const Status checked = CheckUnlinkedTypes(document); !checked.ok()) return checked.error().message;
  const std::unique_ptr<google::protobuf::Message> message = NewMessage(kind);
  const google::protobuf::Descriptor* type = message->GetDescriptor();
  const auto status = google::protobuf::util::JsonStringToMessage(ToJsonText(document), message.get());
  if (!status.ok()) return std::string(status.message());
  if (!whole || kind == NativeKind::kListener) return {};
  const auto* name = type->FindFieldByName("name");
  if (name != nullptr && message->GetReflection()->GetString(*message, name).empty()) {
    return "invalid " + std::string(type->name()) + ".Name: value length must be at least 1 runes";
  }
  const auto* domains = kind == NativeKind::kVirtualHost ? type->FindFieldByName("domains") : nullptr;
  if (domains != nullptr && message->GetReflection()->FieldSize(*message, domains) == 0) {
    return "invalid VirtualHost.Domains: value must contain at least 1 item(s)";
  }
  return {};
}

}  // namespace kuma::policy
