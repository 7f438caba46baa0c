#include <yaml-cpp/yaml.h>

#include <cmath>
#include <cstdio>

#include "pkg/base/json.h"
#include "pkg/base/strings.h"

namespace kuma {
namespace {

constexpr int kMaxDepth = 200;

// Aliases can multiply a small text without end. Without them a value takes at least one character, so honest texts stay far below.
size_t MaxNodes(std::string_view text) { return 10'000 + 8 * text.size(); }

Json Scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  // The tag is "!" for quoted scalars and "?" for plain ones.
  if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const char first = text[0];
  if ((first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.') {
    if (const auto whole = ParseInt(text)) return *whole;
    if (text.size() > 2 && first == '0' && (text[1] == 'x' || text[1] == 'o')) {
      char* end = nullptr;
      const long long value = std::strtoll(text.c_str() + 2, &end, text[1] == 'x' ? 16 : 8);
      if (*end == '\0') return static_cast<int64_t>(value);
    }
    if (const auto number = ParseDouble(first == '+' ? std::string_view(text).substr(1) : std::string_view(text)); number && std::isfinite(*number)) {
      return *number;
    }
  }
  return text;
}

struct Converter {
  size_t max_nodes = 0;
  size_t nodes = 0;

  Result<Json> Convert(const YAML::Node& node, int depth) {
    if (depth > kMaxDepth) return Invalid("is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    if (++nodes > max_nodes) return Invalid("expands to more than " + std::to_string(max_nodes) + " values");
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: return Json(nullptr);
      case YAML::NodeType::Scalar: return Scalar(node);
      case YAML::NodeType::Sequence: {
        Json list = Json::array();
        for (const YAML::Node& item : node) {
          KUMA_TRY_ASSIGN(Json value, Convert(item, depth + 1));
          list.push_back(std::move(value));
        }
        return list;
      }
      case YAML::NodeType::Map: {
        std::vector<Member> members, merged;
        for (const auto& entry : node) {
          if (!entry.first.IsScalar()) return Invalid("line " + std::to_string(entry.first.Mark().line + 1) + ": a key must be plain text");
          const std::string& key = entry.first.Scalar();
          if (key == "<<" && entry.second.IsMap()) {
            KUMA_TRY_ASSIGN(const Json defaults, Convert(entry.second, depth + 1));
            for (const auto& [name, value] : defaults.items()) merged.emplace_back(name, value);
            continue;
          }
          KUMA_TRY_ASSIGN(Json value, Convert(entry.second, depth + 1));
          members.emplace_back(key, std::move(value));
        }
        // The mapping's own keys win over merged ones wherever they stand, and an earlier merge over a later one.
        members.insert(members.begin(), std::make_move_iterator(merged.rbegin()), std::make_move_iterator(merged.rend()));
        return MakeObject(std::move(members));
      }
    }
    return Json(nullptr);
  }
};

bool NeedsQuotes(const std::string& text) {
  if (text.empty()) return true;
  static constexpr std::string_view kReserved[] = {"null", "true", "false", "yes", "no", "on", "off", "~", "y", "n"};
  const std::string lower = ToLower(text);
  for (const std::string_view word : kReserved) {
    if (lower == word) return true;
  }
  if (ParseDouble(text) || ParseInt(text) || text.rfind("0x", 0) == 0 || text.rfind("0o", 0) == 0) return true;
  if (text.find_first_of("\n\r\t") != std::string::npos) return true;
  if (text.starts_with("---") || text.starts_with("...")) return true;  // marks of documents at the start of a line
  const char first = text[0];
  if (std::string_view("!&*-?:,[]{}#|>@`\"'%= ").find(first) != std::string_view::npos) {
    // "-x", "?x" and ":x" are plain when no space follows.
    if (!(std::string_view("-?:").find(first) != std::string_view::npos && text.size() > 1 && text[1] != ' ')) return true;
  }
  if (text.back() == ' ' || text.back() == ':') return true;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  // YAML 1.1 readers take "2026-01-02" and "2026-01-02T03:04:05Z" for timestamps and "1:30" for a number.
  const bool starts_with_digit = text[0] >= '0' && text[0] <= '9';
  return starts_with_digit && text.find_first_of("-:") != std::string::npos && text.find_first_not_of("0123456789-:.TtZz+ ") == std::string::npos;
}

std::string Quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

void EmitScalar(const Json& value, const std::string& indent, std::string& out) {
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    bool printable = true;
    for (const char c : text) printable = printable && (static_cast<unsigned char>(c) >= 0x20 || c == '\n');
    if (text.find('\n') != std::string::npos && printable && text.front() != ' ' && text.front() != '\n') {
      const bool ends = text.back() == '\n';
      const bool more = ends && text.size() > 1 && text[text.size() - 2] == '\n';
      out += more ? "|+" : ends ? "|" : "|-";
      std::vector<std::string> lines = Split(text, '\n');
      if (ends) lines.pop_back();
      for (const std::string& line : lines) {
        out += "\n";
        if (!line.empty()) out += indent + line;
      }
      return;
    }
    out += NeedsQuotes(text) ? Quoted(text) : text;
    return;
  }
  out += ToJsonText(value);
}

std::string Key(const std::string& key) { return NeedsQuotes(key) ? Quoted(key) : key; }

void Emit(const Json& value, size_t level, std::string& out, bool in_list) {
  const std::string indent(level, ' ');
  bool first = true;
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      if (!(first && in_list)) out += indent;
      first = false;
      out += Key(key) + ":";
      if (item.is_structured() && !item.empty()) {
        out += "\n";
        // Lists stand at the indentation of their key, as Kuma's tools print them.
        Emit(item, item.is_array() ? level : level + 2, out, false);
      } else {
        out += " ";
        if (item.is_structured()) {
          out += item.is_array() ? "[]" : "{}";
        } else {
          EmitScalar(item, indent + "  ", out);
        }
        out += "\n";
      }
    }
  } else if (value.is_array()) {
    for (const Json& item : value) {
      if (!(first && in_list)) out += indent;
      first = false;
      out += "- ";
      if (item.is_structured() && !item.empty()) {
        Emit(item, level + 2, out, true);
      } else {
        if (item.is_structured()) {
          out += item.is_array() ? "[]" : "{}";
        } else {
          EmitScalar(item, indent + "  ", out);
        }
        out += "\n";
      }
    }
  }
}

}  // namespace

Result<std::vector<Json>> ParseYamlStream(std::string_view text) {
  // yaml-cpp recurses per nesting level; flow nesting is the cheap way to hurt it.
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') {
      if (++depth > kMaxDepth * 10) return Invalid("is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  std::vector<Json> documents;
  try {
    Converter converter{.max_nodes = MaxNodes(text)};
    for (const YAML::Node& node : YAML::LoadAll(std::string(text))) {
      KUMA_TRY_ASSIGN(Json document, converter.Convert(node, 0));
      if (!document.is_null()) documents.push_back(std::move(document));
    }
  } catch (const YAML::Exception& e) {
    return Invalid("line " + std::to_string(e.mark.line + 1) + ", column " + std::to_string(e.mark.column + 1) + ": " + e.msg);
  } catch (const std::exception& e) {
    return Invalid(std::string("is not YAML: ") + e.what());
  }
  return documents;
}

Result<Json> ParseYaml(std::string_view text) {
  KUMA_TRY_ASSIGN(std::vector<Json> documents, ParseYamlStream(text));
  if (documents.empty()) return Invalid("is empty");
  if (documents.size() > 1) return Invalid("has " + std::to_string(documents.size()) + " documents where one is expected");
  return std::move(documents.front());
}

std::string ToYaml(const Json& value) {
  std::string out;
  if (value.is_structured() && !value.empty()) {
    Emit(value, 0, out, false);
  } else {
    if (value.is_structured()) {
      out = value.is_array() ? "[]" : "{}";
    } else {
      EmitScalar(value, "  ", out);
    }
    out += "\n";
  }
  return out;
}

}  // namespace kuma
