#include "pkg/kumactl/documents.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/kumactl/client.h"

namespace kuma::kumactl {
namespace {

struct Source {
  std::string name;
  std::string text;
};

bool IsFolder(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool IsResourceFile(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  const std::string extension = ToLower(std::string_view(name).substr(dot));
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Result<std::vector<Source>> ReadSources(const std::string& file, const DocumentInput& input) {
  if (file == "-") return std::vector<Source>{{"-", std::string(std::istreambuf_iterator<char>(input.in), {})}};
  if (file.rfind("http://", 0) == 0 || file.rfind("https://", 0) == 0) {
    KUMA_TRY_ASSIGN(std::string text, FetchUrl(input.transport, file));
    return std::vector<Source>{{file, std::move(text)}};
  }
  if (!IsFolder(file)) {
    Result<std::string> text = ReadFile(file);
    if (!text) return Invalid("error while reading provided file: " + text.error().ToString());
    return std::vector<Source>{{file, *std::move(text)}};
  }
  KUMA_TRY_ASSIGN(const std::vector<std::string> names, ListFolder(file));
  std::vector<Source> sources;
  for (const std::string& name : names) {
    const std::string path = JoinPath(file, name);
    if (!IsResourceFile(name) || IsFolder(path)) continue;
    KUMA_TRY_ASSIGN(std::string text, ReadFile(path));
    sources.push_back({path, std::move(text)});
  }
  return sources;
}

// Lists, as `get -o yaml` prints them, are taken apart.
void AddValue(Json value, const Document& document, std::vector<Document>& documents) {
  const auto add = [&](Json one, int item) {
    Document copy = document;
    copy.index = documents.size();
    copy.value = std::move(one);
    copy.item = item;
    documents.push_back(std::move(copy));
  };
  const Json& items = Get(value, "items");
  const Json& list = value.is_array() ? value : items;
  if (list.is_array() && Get(value, "type").is_null()) {
    for (size_t i = 0; i < list.size(); ++i) add(list[i], static_cast<int>(i));
    return;
  }
  add(std::move(value), -1);
}

void AddText(const YamlText& text, const std::string& source, const DocumentInput& input, std::vector<Document>& documents) {
  Document document{source, documents.size(), Json(), text.line, text.text};
  const Result<std::string> rendered = RenderVariables(text.text, input.variables);
  if (!rendered) {
    document.value = rendered.error();
    documents.push_back(std::move(document));
    return;
  }
  Result<std::vector<Json>> values = ParseYamlStream(*rendered);
  if (!values) {
    document.value = values.error();
    documents.push_back(std::move(document));
    return;
  }
  for (Json& value : *values) AddValue(std::move(value), document, documents);
}

bool IsPlainName(std::string_view name) {
  if (name.empty() || name[0] == '.') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.'; });
}

}  // namespace

Result<std::string> RenderVariables(const std::string& text, const std::map<std::string, std::string>& variables) {
  if (variables.empty()) return text;
  std::string out;
  for (size_t at = 0;;) {
    const size_t open = text.find("{{", at);
    if (open == std::string::npos) return out + text.substr(at);
    const bool triple = text.compare(open, 3, "{{{") == 0;
    const std::string closing = triple ? "}}}" : "}}";
    const size_t begin = open + closing.size();
    const size_t close = text.find(closing, begin);
    if (close == std::string::npos) return out + text.substr(at);
    const std::string name(Trim(std::string_view(text).substr(begin, close - begin)));
    const size_t end = close + closing.size();
    out += text.substr(at, open - at);
    const auto found = variables.find(name);
    if (found != variables.end()) {
      out += found->second;
    } else if (IsPlainName(name)) {
      std::vector<std::string> names;
      for (const auto& [key, value] : variables) names.push_back(key);
      const std::string near = NearestName(name, names);
      return Invalid("variable \"" + name + "\" has no value" + (near.empty() ? "" : " (there is \"" + near + "\")") +
                     "; give it with --var " + name + "=VALUE");
    } else {
      out += text.substr(open, end - open);
    }
    at = end;
  }
}

std::vector<YamlText> SplitYaml(const std::string& text) {
  std::vector<YamlText> documents(1);
  int number = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    const std::string line = text.substr(at, end - at);
    ++number;
    const bool separator = line.rfind("---", 0) == 0 && (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
    if (separator) {
      documents.push_back({line.substr(3) + "\n", number});
    } else {
      documents.back().text += line + "\n";
    }
    at = end + 1;
  }
  std::erase_if(documents, [](const YamlText& document) {
    for (const std::string& line : Split(document.text, '\n')) {
      const std::string_view trimmed = Trim(line);
      if (!trimmed.empty() && trimmed[0] != '#') return false;
    }
    return true;
  });
  return documents;
}

Result<std::vector<Document>> ReadDocuments(const DocumentInput& input) {
  std::vector<Document> documents;
  for (const std::string& file : input.files) {
    KUMA_TRY_ASSIGN(const std::vector<Source> sources, ReadSources(file, input));
    for (const Source& source : sources) {
      for (const YamlText& text : SplitYaml(source.text)) AddText(text, source.name, input, documents);
    }
  }
  if (documents.empty())
    return Invalid("no resource(s) found in " + Join(input.files, ", ") + "; folders are read for .yaml, .yml and .json files");
  return documents;
}

}  // namespace kuma::kumactl
