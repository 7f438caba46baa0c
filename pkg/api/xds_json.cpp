#include "pkg/api/xds_json.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/json_util.h>

#include <memory>
#include <vector>

#include "envoy/extensions/access_loggers/open_telemetry/v3/logs_service.pb.h"
#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kOtelLog = "type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig";

// The log of OpenTelemetry has two fields that are younger than our copy of its definition (grpc_service, log_name). They travel
// through JSON in the older, deprecated member that holds the same, and LiftCommonConfig puts them where they belong.
void FillCommonConfig(google::protobuf::Any& any) {
  constexpr int kGrpcService = 9;
  constexpr int kLogName = 10;
  envoy::extensions::access_loggers::open_telemetry::v3::OpenTelemetryAccessLogConfig log;
  if (!log.ParseFromString(any.value()) || log.has_common_config()) return;
  google::protobuf::UnknownFieldSet* younger = log.GetReflection()->MutableUnknownFields(&log);
  for (int i = 0; i < younger->field_count(); ++i) {
    const google::protobuf::UnknownField& field = younger->field(i);
    if (field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    if (field.number() == kGrpcService) log.mutable_common_config()->mutable_grpc_service()->ParseFromString(field.length_delimited());
    if (field.number() == kLogName) log.mutable_common_config()->set_log_name(field.length_delimited());
  }
  any.set_value(log.SerializeAsString());
}

void LiftCommonConfig(Json& document) {
  if (document.is_object() && GetString(document, "@type") == kOtelLog && document.contains("commonConfig")) {
    const Json common = std::move(document["commonConfig"]);
    document.erase("commonConfig");
    document.update(common);
  }
  if (!document.is_structured()) return;
  for (Json& member : document) LiftCommonConfig(member);
}

void FillCommonConfigs(Message& message);

// Packed messages are opened only when the log can be in them.
void FillPacked(google::protobuf::Any& any) {
  if (any.type_url() == kOtelLog) return FillCommonConfig(any);
  if (any.value().find(kOtelLog) == std::string::npos) return;
  const google::protobuf::Descriptor* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(any.type_url().substr(any.type_url().rfind('/') + 1));
  if (type == nullptr) return;
  const std::unique_ptr<Message> inner(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!inner->ParseFromString(any.value())) return;
  FillCommonConfigs(*inner);
  any.set_value(inner->SerializeAsString());
}

void FillCommonConfigs(Message& message) {
  if (auto* any = dynamic_cast<google::protobuf::Any*>(&message); any != nullptr) return FillPacked(*any);
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      FillCommonConfigs(*reflection->MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) FillCommonConfigs(*reflection->MutableRepeatedMessage(&message, field, i));
  }
}

Result<Json> MessageDocument(const google::protobuf::Any& any) {
  const std::string& url = any.type_url();
  const google::protobuf::Descriptor* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(url.substr(url.rfind('/') + 1));
  if (type == nullptr) return Internal("unknown type " + url);
  const std::unique_ptr<google::protobuf::Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!message->ParseFromString(any.value())) return Internal("malformed " + url);
  const bool logs = any.value().find(kOtelLog) != std::string::npos;
  if (logs) FillCommonConfigs(*message);
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(*message, &text);
  if (!status.ok()) return Internal(status.ToString());
  KUMA_TRY_ASSIGN(Json document, ParseJson(text));
  if (logs) LiftCommonConfig(document);
  return document;
}

void HidePrivateKey(Json& document) {
  const auto certificate = document.find("tlsCertificate");
  if (certificate != document.end() && certificate->contains("privateKey")) (*certificate)["privateKey"] = {{"inlineBytes", Base64Encode("KEY")}};
}

}  // namespace

Result<Json> ViewDocument(const xds::View& view) {
  Json document = Json::object();
  for (size_t i = 0; i < xds::kResourceTypeCount; ++i) {
    const auto type = static_cast<xds::ResourceType>(i);
    if (view.lists[i] == nullptr || view.lists[i]->empty()) continue;
    Json& by_name = document[std::string(xds::TypeUrl(type))];
    for (const xds::SealedPtr& resource : *view.lists[i]) {
      google::protobuf::Any any;
      if (!any.ParseFromString(resource->any)) return Internal("malformed resource " + resource->name);
      KUMA_TRY_ASSIGN(Json message, MessageDocument(any));
      if (type == xds::ResourceType::kSecret) HidePrivateKey(message);
      by_name[resource->name] = std::move(message);
    }
  }
  return document;
}

}  // namespace kuma::api
