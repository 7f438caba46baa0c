#include "pkg/policy/explain/text.h"

#include <algorithm>
#include <functional>
#include <sstream>

#include "pkg/base/strings.h"

namespace kuma::policy {
namespace {

constexpr size_t kValueWidth = 36;  // longer values get lines of their own
constexpr size_t kNearestShown = 8;

std::string Plain(const Json& value) { return value.is_string() ? value.get<std::string>() : ToJsonText(value); }

std::string Padded(const std::string& text, size_t width) {
  return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

// "web-timeouts to[0]  (Dataplane app=web, from global)"
std::string PolicyText(const Json& policy) {
  std::string text = GetString(policy, "name");
  if (const std::string entry = GetString(policy, "entry"); !entry.empty()) text += " " + entry;
  std::vector<std::string> facts = {GetString(policy, "targetRef")};
  if (GetString(policy, "origin") == "global") facts.push_back("from global");
  if (const std::string role = GetString(policy, "role"); !role.empty() && role != "system") facts.push_back(role);
  return text + "  (" + Join(facts, ", ") + ")";
}

struct Line {
  std::string path;
  std::string value;
  std::string source;
  Json block;  // a value that is too long for a line
};

void AddValue(Line& line, const Json& value) {
  const std::string text = Plain(value);
  if (text.size() <= kValueWidth && !Contains(text, "\n")) {
    line.value = text;
  } else {
    line.value = "…";
    line.block = value;
  }
}

std::vector<Line> LinesOf(const Json& fields) {
  std::vector<Line> lines;
  for (const Json& field : fields) {
    Line line;
    line.path = GetString(field, "path");
    AddValue(line, Get(field, "value"));
    if (GetBool(field, "builtIn")) {
      const std::string note = GetString(field, "note");
      line.source = "built in" + (note.empty() ? std::string() : ": " + note);
    } else {
      line.source = PolicyText(Get(field, "setBy"));
    }
    lines.push_back(std::move(line));
    for (const Json& loser : Get(field, "overrides")) {
      Line lost;
      AddValue(lost, Get(loser, "value"));
      lost.source =
          "x " + GetString(Get(loser, "setBy"), "name") + " " + GetString(Get(loser, "setBy"), "entry") + ": " + GetString(loser, "why");
      if (const std::string path = GetString(loser, "path"); !path.empty()) lost.source += " (it set " + path + ")";
      lines.push_back(std::move(lost));
    }
  }
  return lines;
}

// The "…" is three bytes wide.
size_t Width(const std::string& text) { return text == "…" ? 1 : text.size(); }

void PrintLines(std::ostream& out, const std::vector<Line>& lines) {
  size_t path_width = 0;
  size_t value_width = 0;
  for (const Line& line : lines) {
    path_width = std::max(path_width, line.path.size());
    value_width = std::max(value_width, Width(line.value));
  }
  for (const Line& line : lines) {
    out << "      " << Padded(line.path, path_width) << "  " << line.value << std::string(value_width - Width(line.value), ' ') << "  "
        << line.source << "\n";
    if (line.block.is_null()) continue;
    for (const std::string& text : Split(ToYaml(line.block), '\n')) {
      if (!text.empty()) out << "        " << text << "\n";
    }
  }
}

std::string PoliciesText(const Json& policies) {
  std::ostringstream out;
  for (const Json& policy : policies) {
    for (const Json& rule : Get(policy, "rules")) {
      const std::string applies = GetString(rule, "appliesTo");
      out << "    " << GetString(policy, "type") << (applies.empty() ? "" : ", " + applies) << "\n";
      PrintLines(out, LinesOf(Get(rule, "fields")));
    }
  }
  return out.str();
}

// Parts that have the same settings are told once.
void PrintParts(std::ostream& out, const Json& parts, const std::string& one, const std::string& many,
                const std::function<std::string(const Json&)>& title) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const Json& part : parts) {
    std::string text = PoliciesText(Get(part, "policies"));
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) { return known.first == text; });
    if (group == groups.end()) group = groups.insert(groups.end(), {std::move(text), {}});
    group->second.push_back(title(part));
  }
  for (const auto& [text, titles] : groups) {
    out << "\n  " << (titles.size() == 1 ? one : many) << " " << Join(titles, "\n    ") << "\n"
        << (text.empty() ? "    (no policy)\n" : text);
  }
}

std::string InboundTitle(const Json& inbound) {
  std::string text = GetString(inbound, "section");
  const std::string port = std::to_string(GetInt(inbound, "port"));
  if (text != port) text += " (port " + port + ")";
  if (const std::string service = GetString(inbound, "service"); !service.empty()) text += ", service " + service;
  return text + ", " + GetString(inbound, "protocol");
}

std::string OutboundTitle(const Json& outbound) {
  const std::string destination = GetString(outbound, "destination");
  return (destination.empty() ? GetString(outbound, "service") : destination) + " at " + GetString(outbound, "address") + ":" +
         std::to_string(GetInt(outbound, "port")) + ", " + GetString(outbound, "protocol");
}

void PrintUnmatched(std::ostream& out, const Json& unmatched, bool all) {
  if (unmatched.empty()) return;
  out << "\nPolicies that do not select this proxy, the nearest first:\n";
  size_t shown = 0;
  for (const Json& policy : unmatched) {
    if (!all && shown == kNearestShown) {
      out << "  and " << unmatched.size() - shown << " more (--all shows them)\n";
      break;
    }
    ++shown;
    out << "  " << GetString(policy, "type") << " " << GetString(policy, "name") << "  (" << GetString(policy, "targetRef") << ")\n      "
        << GetString(policy, "reason") << "\n";
  }
}

void PrintWarnings(std::ostream& out, const char* title, const Json& warnings) {
  if (!warnings.is_array() || warnings.empty()) return;
  out << "\n" << title << "\n";
  for (const Json& warning : warnings) {
    const std::string resource = GetString(warning, "resource");
    const std::string path = GetString(warning, "path");
    const std::string message = ReplaceAll(GetString(warning, "message"), "\n", "\n      ");
    if (resource.empty()) {
      out << "  " << message << "\n";
    } else {
      out << "  " << resource << (path.empty() ? "" : " " + path) << "\n      " << message << "\n";
    }
  }
}

}  // namespace

void PrintExplanation(std::ostream& out, const Json& explanation, bool all) {
  const Json& dataplane = Get(explanation, "dataplane");
  out << GetString(dataplane, "name") << ", a " << GetString(dataplane, "type") << " of mesh " << GetString(dataplane, "mesh");
  if (const auto connected = dataplane.find("connected"); connected != dataplane.end())
    out << (*connected == true ? ", connected" : ", not connected");
  out << "\n";
  PrintWarnings(out, "Envoy does not take its newest configuration:", Get(explanation, "rejected"));
  PrintWarnings(out, "Left out of its configuration:", Get(explanation, "warnings"));
  if (const Json& proxy = Get(explanation, "proxy"); !proxy.is_null()) {
    out << "\n  The proxy as a whole\n" << PoliciesText(Get(proxy, "policies"));
  }
  PrintParts(out, Get(explanation, "inbounds"), "Inbound", "Inbounds", InboundTitle);
  PrintParts(out, Get(explanation, "outbounds"), "Outbound", "Outbounds", OutboundTitle);
  if (const Json& idle = Get(explanation, "withoutEffect"); idle.is_array() && !idle.empty()) {
    out << "\nEntries without an effect here:\n";
    for (const Json& entry : idle) {
      out << "  " << GetString(entry, "type") << " " << GetString(entry, "name") << " " << GetString(entry, "entry") << "  ("
          << GetString(entry, "targetRef") << ")\n      " << GetString(entry, "reason") << "\n";
    }
  }
  PrintUnmatched(out, Get(explanation, "unmatched"), all);
}

}  // namespace kuma::policy
