#include "pkg/api/router.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

std::vector<std::string> PatternSegments(const std::string& pattern) {
  std::vector<std::string> segments = Split(pattern, '/');
  std::erase_if(segments, [](const std::string& segment) { return segment.empty(); });
  return segments;
}

bool IsParameter(const std::string& segment) { return segment.size() > 2 && segment.front() == '{' && segment.back() == '}'; }

}  // namespace

void Router::Add(Route route) {
  Node* node = &root_;
  for (const std::string& segment : PatternSegments(route.pattern)) {
    std::unique_ptr<Node>& next = IsParameter(segment) ? node->parameter : node->literals[segment];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  if (node->methods.contains(route.method)) return;
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  node->methods[routes_.back()->method] = routes_.back().get();
}

bool Router::Walk(const Node& node, std::string_view method, const std::vector<std::string>& segments, size_t at, std::vector<std::string>& values, RouteMatch& match) {
  if (at == segments.size()) {
    if (node.methods.empty()) return false;
    if (const auto found = node.methods.find(method); found != node.methods.end()) {
      match.route = found->second;
      return true;
    }
    match.path_exists = true;
    for (const auto& [allowed, route] : node.methods) {
      if (std::find(match.allowed_methods.begin(), match.allowed_methods.end(), allowed) == match.allowed_methods.end()) match.allowed_methods.push_back(allowed);
    }
    return false;
  }
  if (const auto literal = node.literals.find(segments[at]); literal != node.literals.end() && Walk(*literal->second, method, segments, at + 1, values, match)) {
    return true;
  }
  if (node.parameter == nullptr) return false;
  values.push_back(segments[at]);
  if (Walk(*node.parameter, method, segments, at + 1, values, match)) return true;
  values.pop_back();
  return false;
}

RouteMatch Router::Match(std::string_view method, const std::vector<std::string>& segments) const {
  RouteMatch match;
  std::vector<std::string> values;
  if (!Walk(root_, method, segments, 0, values, match)) return match;
  size_t next = 0;
  for (const std::string& segment : PatternSegments(match.route->pattern)) {
    if (IsParameter(segment)) match.params[segment.substr(1, segment.size() - 2)] = values[next++];
  }
  return match;
}

}  // namespace kuma::api
