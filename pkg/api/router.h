// Routes as data: method, pattern with {parameters}, handler, who may use it. Literal segments win over parameters; matching walks a
// tree, so hundreds of routes cost nothing. Built while starting, then immutable; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/api/access.h"
#include "pkg/api/answer.h"

namespace kuma::api {

struct Route {
  std::string method;
  std::string pattern;
  Handler handler;
  bool skip_authentication = false;
  const AccessRule* access = nullptr;  // null: everyone, or the handler decides
  std::string action = {};             // what access is asked for, as error texts name it
  bool any_media = false;              // answers a text, whatever the client says it accepts
};

struct RouteMatch {
  const Route* route = nullptr;                    // null: see path_exists
  std::map<std::string, std::string> params;
  bool path_exists = false;                        // another method is served there
  std::vector<std::string> allowed_methods;        // then
};

class Router {
 public:
  // The first route of a method and pattern wins; later ones are ignored.
  void Add(Route route);
  RouteMatch Match(std::string_view method, const std::vector<std::string>& segments) const;
  // In the order they were added.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::map<std::string, const Route*, std::less<>> methods;
  };
  static bool Walk(const Node& node, std::string_view method, const std::vector<std::string>& segments, size_t at, std::vector<std::string>& values, RouteMatch& match);

  Node root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace kuma::api
