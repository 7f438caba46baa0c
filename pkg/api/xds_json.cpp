#include "pkg/api/xds_json.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

Result<Json> MessageDocument(const google::protobuf::Any& any) {
  const std::string& url = any.type_url();
  const google::protobuf::Descriptor* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(url.substr(url.rfind('/') + 1));
  if (type == nullptr) return Internal("unknown type " + url);
  const std::unique_ptr<google::protobuf::Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!message->ParseFromString(any.value())) return Internal("malformed " + url);
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(*message, &text);
  if (!status.ok()) return Internal(status.ToString());
  return ParseJson(text);
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
