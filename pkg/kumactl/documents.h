// Resource documents from files, folders, URLs and standard input, with {{ variables }}. A document that cannot be read does not stop
// the others.
#pragma once

#include <istream>
#include <map>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/kumactl/environment.h"

namespace kuma::kumactl {

struct Document {
  std::string source;  // the file, the URL or "-"
  size_t index = 0;    // among all
  Result<Json> value;  // an object
  int line = 1;        // of the source where `text` begins
  std::string text = {};  // of the document (several ones when they are items of a list)
  int item = -1;       // of a list
};

struct DocumentInput {
  std::vector<std::string> files;  // as given with -f
  std::map<std::string, std::string> variables;
  std::istream& in;
  Transport& transport;
};

// Fails only when a source cannot be read at all, or there is nothing in all of them.
Result<std::vector<Document>> ReadDocuments(const DocumentInput& input);

// Replaces {{ name }} and {{{ name }}}; without variables the text stays as it is. A plain name that has no variable is an error;
// other templates ({{ .DisplayName }}) are not ours and stay.
Result<std::string> RenderVariables(const std::string& text, const std::map<std::string, std::string>& variables);

// The documents of a YAML stream as texts, so that one broken document does not hide the others.
struct YamlText {
  std::string text;
  int line = 1;  // of its beginning
};
std::vector<YamlText> SplitYaml(const std::string& text);

}  // namespace kuma::kumactl
