#include "pkg/kumactl/type_names.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::kumactl {
namespace {

std::string Plain(const std::string& word) { return ReplaceAll(ToLower(word), "-", ""); }

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string EnglishPlural(const std::string& word) {
  if (EndsWith(word, "y")) return word.substr(0, word.size() - 1) + "ies";
  if (EndsWith(word, "s") || EndsWith(word, "h") || EndsWith(word, "x")) return word + "es";
  return word + "s";
}

}  // namespace

std::string PluralOf(const TypeDescriptor& type) { return type.kumactl_arg.empty() ? type.path : EnglishPlural(type.kumactl_arg); }

Result<const TypeDescriptor*> FindType(const TypeRegistry& types, const std::string& word) {
  const std::string plain = Plain(word);
  std::vector<std::string> names;
  for (const TypeDescriptor* type : types.All()) {
    if (type->path.empty()) continue;
    for (const std::string& name : {type->name, type->path, type->alternative_path, type->kumactl_arg, type->short_name, PluralOf(*type)}) {
      if (!name.empty() && Plain(name) == plain) return type;
    }
    names.push_back(type->kumactl_arg.empty() ? type->path : type->kumactl_arg);
    names.push_back(PluralOf(*type));
  }
  const std::string near = NearestName(ToLower(word), names);
  return NotFound("unknown TYPE: " + word + (near.empty() ? std::string() : ". Did you mean \"" + near + "\"?") +
                  " `kumactl api-resources` lists all types.");
}

std::vector<std::string> TypeWords(const TypeRegistry& types) {
  std::vector<std::string> words;
  for (const TypeDescriptor* type : types.All()) {
    if (!type->path.empty()) words.push_back(PluralOf(*type));
  }
  std::sort(words.begin(), words.end());
  return words;
}

std::string ListPath(const TypeDescriptor& type, const std::string& mesh) {
  if (type.scope == Scope::kGlobal || mesh.empty()) return ApiPath({type.path});
  return ApiPath({"meshes", mesh, type.path});
}

std::string ItemPath(const TypeDescriptor& type, const std::string& mesh, const std::string& name) {
  if (type.scope == Scope::kGlobal) return ApiPath({type.path, name});
  return ApiPath({"meshes", mesh, type.path, name});
}

}  // namespace kuma::kumactl
