#include "pkg/api/answer.h"

namespace kuma::api {

Answer Answer::Document(Json document, int status) {
  Answer answer;
  answer.status = status;
  answer.json = std::move(document);
  return answer;
}

Answer Answer::Text(std::string text, std::string content_type, int status) {
  Answer answer;
  answer.status = status;
  answer.text = std::move(text);
  answer.content_type = std::move(content_type);
  return answer;
}

const std::string& ApiRequest::Param(const std::string& name) const {
  static const std::string empty;
  const auto found = params.find(name);
  return found == params.end() ? empty : found->second;
}

std::vector<std::string> ApiRequest::QueryAll(const std::string& name) const {
  std::vector<std::string> values;
  const auto [first, last] = http.query.equal_range(name);
  for (auto it = first; it != last; ++it) values.push_back(it->second);
  return values;
}

Handler Sync(std::function<Answer(const ApiRequest&)> handler) {
  return [handler = std::move(handler)](const RequestPtr& request, const Reply& reply) { reply(handler(*request)); };
}

}  // namespace kuma::api
