#include "pkg/kumactl/output.h"

#include <algorithm>
#include <map>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/model/resource.h"

namespace kuma::kumactl {
namespace {

constexpr const char* kMetaMembers[] = {"type", "mesh", "name", "creationTime", "modificationTime", "labels", "kri"};

bool IsMeta(const std::string& key) { return std::find(std::begin(kMetaMembers), std::end(kMetaMembers), key) != std::end(kMetaMembers); }

nlohmann::ordered_json Ordered(const Json& document) {
  nlohmann::ordered_json ordered = nlohmann::ordered_json::object();
  if (!document.is_object()) return nlohmann::ordered_json(document);
  for (const char* key : kMetaMembers) {
    if (document.contains(key)) ordered[key] = document.at(key);
  }
  for (const auto& [key, value] : document.items()) {
    if (!IsMeta(key)) ordered[key] = value;
  }
  return ordered;
}

std::string Dump(const nlohmann::ordered_json& value) {
  return value.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

const Json& SpecOf(const TypeDescriptor& type, const Json& document) { return type.inlined_spec ? document : Get(document, "spec"); }

std::string LabelOf(const Json& document, std::string_view label) { return GetString(Get(document, "labels"), label); }

using TagValues = std::map<std::string, std::set<std::string>>;

void AddTags(const Json& tags, TagValues& values) {
  if (!tags.is_object()) return;
  for (const auto& [key, value] : tags.items()) {
    if (value.is_string()) values[key].insert(value.get<std::string>());
  }
}

std::string TagValuesText(const TagValues& values) {
  std::vector<std::string> parts;
  for (const auto& [key, set] : values) parts.push_back(key + "=" + Join({set.begin(), set.end()}, ","));
  return Join(parts, " ");
}

std::string TargetText(const Json& target) {
  if (!target.is_object()) return "Mesh";
  std::string text = GetString(target, "kind", "Mesh");
  const std::string name = GetString(target, "name");
  if (!name.empty()) text += "/" + name;
  const std::string section = GetString(target, "sectionName");
  if (!section.empty()) text += ":" + section;
  TagValues selectors;
  AddTags(Get(target, "labels"), selectors);
  AddTags(Get(target, "tags"), selectors);
  if (!selectors.empty()) text += "{" + ReplaceAll(TagValuesText(selectors), " ", ",") + "}";
  return text;
}

std::string MtlsText(const Json& mesh) {
  const std::string enabled = GetString(Get(mesh, "mtls"), "enabledBackend");
  if (enabled.empty()) return "off";
  for (const Json& backend : GetPath(mesh, {"mtls", "backends"})) {
    if (GetString(backend, "name") == enabled) return GetString(backend, "type") + "/" + enabled;
  }
  return enabled;
}

std::string OnOff(bool on) { return on ? "on" : "off"; }

struct Column {
  std::string header;
  std::function<std::string(const Json&)> cell;
};

std::vector<Column> ColumnsOf(const TypeDescriptor& type, SystemTime now) {
  const auto member = [](const char* key) { return [key](const Json& document) { return GetString(document, key); }; };
  std::vector<Column> columns;
  if (type.scope == Scope::kMesh) columns.push_back({"MESH", member("mesh")});
  columns.push_back({"NAME", member("name")});
  if (type.name == "Mesh") {
    columns.push_back({"mTLS", MtlsText});
    columns.push_back({"LOCALITY", [](const Json& mesh) { return OnOff(GetBool(Get(mesh, "routing"), "localityAwareLoadBalancing")); }});
    columns.push_back({"ZONEEGRESS", [](const Json& mesh) { return OnOff(GetBool(Get(mesh, "routing"), "zoneEgress")); }});
  } else if (type.name == "Dataplane") {
    columns.push_back({"TAGS", [](const Json& document) { return TagsText(Get(document, "networking")); }});
    columns.push_back({"ADDRESS", [](const Json& document) {
                         const Json& networking = Get(document, "networking");
                         const std::string advertised = GetString(networking, "advertisedAddress");
                         return advertised.empty() ? GetString(networking, "address") : advertised;
                       }});
  } else if (type.name == "ExternalService") {
    columns.push_back({"TAGS", [](const Json& document) {
                         TagValues values;
                         AddTags(Get(document, "tags"), values);
                         return TagValuesText(values);
                       }});
    columns.push_back({"ADDRESS", [](const Json& document) { return GetString(Get(document, "networking"), "address"); }});
  }
  columns.push_back({"AGE", [now](const Json& document) { return AgeText(Get(document, "modificationTime"), now); }});
  return columns;
}

void AddWideColumns(const TypeDescriptor& type, std::vector<Column>& columns) {
  if (type.policy != nullptr) {
    columns.push_back({"TARGET", [&type](const Json& document) { return TargetText(Get(SpecOf(type, document), "targetRef")); }});
    columns.push_back({"ROLE", [](const Json& document) { return LabelOf(document, kPolicyRoleLabel); }});
  }
  if (type.name == "Dataplane") {
    columns.push_back({"PORTS", [](const Json& document) {
                         std::vector<std::string> ports;
                         for (const Json& inbound : GetPath(document, {"networking", "inbound"}))
                           ports.push_back(std::to_string(GetInt(inbound, "port")));
                         return Join(ports, ",");
                       }});
  }
  columns.push_back({"ORIGIN", [](const Json& document) { return LabelOf(document, kOriginLabel); }});
  columns.push_back({"ZONE", [](const Json& document) { return LabelOf(document, kZoneLabel); }});
  columns.push_back({"KRI", [](const Json& document) { return GetString(document, "kri"); }});
}

}  // namespace

std::string DocumentYaml(const Json& document) {
  if (!document.is_object()) return ToYaml(document);
  Json meta = Json::object();
  Json rest = Json::object();
  for (const auto& [key, value] : document.items()) (IsMeta(key) ? meta : rest)[key] = value;
  return (meta.empty() ? std::string() : ToYaml(meta)) + (rest.empty() ? std::string() : ToYaml(rest));
}

std::string DocumentJson(const Json& document) { return Dump(Ordered(document)); }

std::string ListYaml(const ApiList& list) {
  Json json = {{"total", list.total}, {"items", Json::array()}, {"next", nullptr}};
  for (const Json& item : list.items) json["items"].push_back(item);
  if (!list.next.empty()) json["next"] = list.next;
  return ToYaml(json);
}

std::string ListJson(const ApiList& list) {
  nlohmann::ordered_json json;
  json["total"] = list.total;
  json["items"] = nlohmann::ordered_json::array();
  for (const Json& item : list.items) json["items"].push_back(Ordered(item));
  json["next"] = list.next.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(list.next);
  return Dump(json);
}

cli::Flag OutputFlag(std::vector<std::string> choices) {
  cli::Flag flag{.name = "output", .shorthand = "o", .value_name = "FORMAT"};
  flag.default_value = choices.front();
  flag.help = "output format";
  flag.persistent = true;
  flag.choices = std::move(choices);
  return flag;
}

cli::Table ResourceTable(const TypeDescriptor& type, const std::vector<Json>& documents, bool wide, SystemTime now) {
  std::vector<Column> columns = ColumnsOf(type, now);
  if (wide) AddWideColumns(type, columns);
  std::vector<std::string> headers;
  for (const Column& column : columns) headers.push_back(column.header);
  cli::Table table(headers);
  for (const Json& document : documents) {
    std::vector<std::string> row;
    for (const Column& column : columns) row.push_back(column.cell(document));
    table.AddRow(std::move(row));
  }
  return table;
}

std::string TagsText(const Json& networking) {
  TagValues values;
  for (const Json& inbound : Get(networking, "inbound")) AddTags(Get(inbound, "tags"), values);
  AddTags(GetPath(networking, {"gateway", "tags"}), values);
  return TagValuesText(values);
}

std::string AgeText(const Json& time, SystemTime now) {
  if (!time.is_string()) return "never";
  const Result<SystemTime> parsed = ParseRfc3339(time.get<std::string>());
  if (!parsed) return "never";
  return cli::ShortAge(std::chrono::duration_cast<std::chrono::nanoseconds>(now - *parsed));
}

int64_t NumberOf(const Json& value) {
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_string()) return ParseInt(value.get<std::string>()).value_or(0);
  return 0;
}

void PrintList(std::ostream& out, const std::string& format, const ApiList& list, const cli::Table& table) {
  if (format == "yaml") {
    out << ListYaml(list);
  } else if (format == "json") {
    out << ListJson(list);
  } else if (format == "name") {
    for (const Json& item : list.items) out << GetString(item, "name") << "\n";
  } else {
    table.Print(out);
    if (!list.next_offset.empty()) out << "\nRerun command with --offset=" << list.next_offset << " argument to retrieve more resources\n";
  }
}

}  // namespace kuma::kumactl
