#include "pkg/dp/template.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::dp {
namespace {

std::string LineOf(std::string_view text, size_t at) {
  return "line " + std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

struct OpenSection {
  std::string name;
  size_t at;
  bool shown;
};

}  // namespace

Result<RenderedText> RenderTemplate(std::string_view text, const std::map<std::string, std::string>& variables) {
  RenderedText result;
  std::vector<OpenSection> sections;
  const auto shown = [&] { return std::all_of(sections.begin(), sections.end(), [](const OpenSection& s) { return s.shown; }); };
  size_t at = 0;
  while (true) {
    const size_t open = text.find("{{", at);
    if (shown()) result.text += text.substr(at, open == std::string_view::npos ? open : open - at);
    if (open == std::string_view::npos) break;
    const bool triple = text.substr(open).starts_with("{{{");
    const std::string_view closing = triple ? "}}}" : "}}";
    const size_t begin = open + closing.size();
    const size_t close = text.find(closing, begin);
    if (close == std::string_view::npos) return Invalid(LineOf(text, open) + ": {{ without }}");
    std::string_view tag = Trim(text.substr(begin, close - begin));
    at = close + closing.size();
    if (tag.empty()) return Invalid(LineOf(text, open) + ": {{ }} names no variable");
    const char kind = triple ? '&' : tag.front();
    if (kind == '!') continue;
    if (!triple && (kind == '&' || kind == '#' || kind == '^' || kind == '/')) tag = Trim(tag.substr(1));
    const std::string name(tag);
    const auto found = variables.find(name);
    if (kind == '#' || kind == '^') {
      const bool set = found != variables.end() && !found->second.empty() && found->second != "false";
      sections.push_back({name, open, set == (kind == '#')});
    } else if (kind == '/') {
      if (sections.empty() || sections.back().name != name)
        return Invalid(LineOf(text, open) + ": {{/" + name + "}} closes no section of that name");
      sections.pop_back();
    } else if (kind == '>' || kind == '=') {
      return Invalid(LineOf(text, open) + ": {{" + kind + " …}} is not supported in Dataplane templates");
    } else if (shown()) {
      if (found != variables.end()) {
        result.text += found->second;
      } else if (std::find(result.missing.begin(), result.missing.end(), name) == result.missing.end()) {
        result.missing.push_back(name);
      }
    }
  }
  if (!sections.empty()) return Invalid(LineOf(text, sections.back().at) + ": the section {{#" + sections.back().name + "}} is not closed");
  return result;
}

}  // namespace kuma::dp
