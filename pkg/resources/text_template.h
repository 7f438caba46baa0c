// The template language of HostnameGenerator and MeshIdentity: text with actions {{ .Field }} and {{ label "key" }}; trim
// markers {{- and -}} and comments work. Parsed once, rendered often. Error texts follow Go's text/template.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"

namespace kuma::resources {

class TextTemplate {
 public:
  static Result<TextTemplate> Parse(std::string_view text);

  // A field that is not in `fields` is an error; `label` gives the value of a label or an error.
  Result<std::string> Render(const std::map<std::string, std::string>& fields,
                             const std::function<Result<std::string>(const std::string& key)>& label) const;

 private:
  enum class PartKind { kText, kField, kLabel };
  struct Part {
    PartKind kind;
    std::string text;
    size_t column = 0;  // of a field, for error texts
  };
  std::vector<Part> parts_;
};

}  // namespace kuma::resources
