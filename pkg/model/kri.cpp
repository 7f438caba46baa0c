#include "pkg/model/kri.h"

#include "pkg/base/strings.h"
#include "pkg/model/type.h"

namespace kuma {
namespace {

std::string LabelOr(const Labels& labels, std::string_view key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string{} : found->second;
}

// An overview shares the identity of what it is an overview of.
std::string BaseType(std::string type) {
  constexpr std::string_view kSuffix = "Overview";
  if (type.size() > kSuffix.size() && type.ends_with(kSuffix)) type.resize(type.size() - kSuffix.size());
  return type;
}

}  // namespace

Kri Kri::WithSection(std::string section_name) const {
  Kri copy = *this;
  if (!copy.type.empty()) copy.section = std::move(section_name);
  return copy;
}

Kri KriOf(const ResourceMeta& meta, std::string section) {
  return Kri{.type = BaseType(meta.type()),
             .mesh = meta.mesh(),
             .zone = LabelOr(meta.labels, kZoneLabel),
             .ns = LabelOr(meta.labels, kNamespaceLabel),
             .name = DisplayName(meta),
             .section = std::move(section)};
}

std::string ToString(const Kri& kri, const TypeRegistry& types) {
  const TypeDescriptor* type = types.Find(kri.type);
  if (type == nullptr || type->short_name.empty()) return {};
  std::string text = "kri_";
  text += type->short_name;
  for (const std::string* part : {&kri.mesh, &kri.zone, &kri.ns, &kri.name, &kri.section}) {
    text += '_';
    text += *part;
  }
  return text;
}

Result<Kri> ParseKri(std::string_view text, const TypeRegistry& types) {
  const std::vector<std::string> parts = Split(text, '_');
  if (parts.size() < 7) return Invalid("invalid identifier string: " + QuoteGo(text));
  if (parts[0] != "kri") return Invalid("identifier must start with 'kri': " + QuoteGo(text));
  const TypeDescriptor* type = types.FindByShortName(parts[1]);
  if (type == nullptr) return Invalid("unknown short name of resource type: " + QuoteGo(parts[1]));
  std::string section;
  for (size_t i = 6; i < parts.size(); ++i) section += parts[i];
  return Kri{.type = type->name, .mesh = parts[2], .zone = parts[3], .ns = parts[4], .name = parts[5], .section = section};
}

}  // namespace kuma
