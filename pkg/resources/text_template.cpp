#include "pkg/resources/text_template.h"

#include <cctype>

#include "pkg/base/strings.h"
#include "pkg/model/schema.h"

namespace kuma::resources {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

Error At(size_t line, const std::string& what) { return Invalid("template: :" + std::to_string(line) + ": " + what); }

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// What stands at `column` of the first line cannot be done; `node` is how it reads there, shortened as text/template does.
Error NotExecutable(size_t column, std::string node, const std::string& what) {
  constexpr size_t kMaxNode = 20;
  if (node.size() > kMaxNode) node = node.substr(0, kMaxNode) + "...";
  return Invalid("template: :1:" + std::to_string(column) + ": executing \"\" at <" + node + ">: " + what);
}

Error BadCharacter(size_t line, char c) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  const auto code = static_cast<unsigned char>(c);
  return At(line, std::string("bad character U+00") + kHex[code >> 4] + kHex[code & 15] + " '" + c + "'");
}

// One word, field or quoted text of an action.
struct Token {
  enum Kind { kField, kWord, kQuoted, kPipe } kind;
  std::string text;
};

Result<std::vector<Token>> Lex(std::string_view action, size_t line) {
  std::vector<Token> tokens;
  size_t i = 0;
  while (i < action.size()) {
    const char c = action[i];
    if (IsBlank(c)) {
      ++i;
    } else if (c == '.' || IsWord(c)) {
      const size_t start = i++;
      while (i < action.size() && IsWord(action[i])) ++i;
      if (i < action.size() && !IsBlank(action[i]) && action[i] != '.' && action[i] != '|' && action[i] != ')') return BadCharacter(line, action[i]);
      const std::string_view text = action.substr(start, i - start);
      tokens.push_back(c == '.' ? Token{Token::kField, std::string(text.substr(1))} : Token{Token::kWord, std::string(text)});
    } else if (c == '"' || c == '`') {
      std::string text;
      for (++i; i < action.size() && action[i] != c; ++i) {
        if (c == '"' && action[i] == '\\' && i + 1 < action.size()) ++i;
        text += action[i];
      }
      if (i >= action.size()) return At(line, c == '"' ? "unterminated quoted string" : "unterminated raw quoted string");
      ++i;
      tokens.push_back({Token::kQuoted, std::move(text)});
    } else if (c == '|') {
      ++i;
      tokens.push_back({Token::kPipe, "|"});
    } else {
      return At(line, "unexpected " + QuoteGo(std::string(1, c)) + " in command");
    }
  }
  return tokens;
}

// What is wrong with a pipeline: an unknown function anywhere, or a stage after the first that cannot be called.
Status CheckPipeline(const std::vector<Token>& tokens, size_t line) {
  for (const Token& token : tokens) {
    const bool number = token.kind == Token::kWord && std::isdigit(static_cast<unsigned char>(token.text.front())) != 0;
    if (token.kind == Token::kWord && !number && token.text != "label") return At(line, "function " + QuoteGo(token.text) + " not defined");
  }
  size_t stage = 1;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != Token::kPipe) continue;
    ++stage;
    if (i == 0 || i + 1 == tokens.size() || tokens[i + 1].kind == Token::kPipe) return At(line, "missing value for command");
    const Token& callee = tokens[i + 1];
    if (callee.kind == Token::kQuoted || (callee.kind == Token::kWord && callee.text != "label")) {
      return At(line, "non executable command in pipeline stage " + std::to_string(stage));
    }
  }
  return Ok();
}

}  // namespace

Result<TextTemplate> TextTemplate::Parse(std::string_view text) {
  TextTemplate parsed;
  size_t line = 1;
  const char* line_start = text.data();
  bool trim_next = false;
  const auto add_text = [&](std::string_view part, bool trim_end) {
    if (trim_next) {
      while (!part.empty() && IsBlank(part.front())) part.remove_prefix(1);
    }
    if (trim_end) part = TrimRight(part);
    if (!part.empty()) parsed.parts_.push_back({PartKind::kText, std::string(part), 0});
  };
  while (true) {
    const size_t open = text.find("{{");
    if (open == std::string_view::npos) {
      add_text(text, false);
      return parsed;
    }
    for (const char& c : text.substr(0, open)) {
      if (c != '\n') continue;
      ++line;
      line_start = &c + 1;
    }
    std::string_view rest = text.substr(open + 2);
    const bool trim_before = rest.size() > 1 && rest[0] == '-' && IsBlank(rest[1]);
    add_text(text.substr(0, open), trim_before);
    const size_t close = rest.find("}}");
    if (close == std::string_view::npos) return At(line, "unclosed action");
    std::string_view action = rest.substr(trim_before ? 1 : 0, close - (trim_before ? 1 : 0));
    trim_next = action.size() > 1 && action.back() == '-' && IsBlank(action[action.size() - 2]);
    if (trim_next) action.remove_suffix(1);
    text = rest.substr(close + 2);

    const std::string_view bare = Trim(action);
    if (bare.starts_with("/*") && bare.ends_with("*/")) continue;
    if (bare.empty()) return At(line, "missing value for command");
    KUMA_TRY_ASSIGN(const std::vector<Token> tokens, Lex(action, line));
    KUMA_TRY(CheckPipeline(tokens, line));
    if (tokens[0].kind == Token::kField && tokens.size() == 1) {
      const char* field = action.data() + action.find('.');
      parsed.parts_.push_back({PartKind::kField, tokens[0].text, static_cast<size_t>(field - line_start)});
    } else if (tokens[0].kind == Token::kQuoted && tokens.size() == 1) {
      parsed.parts_.push_back({PartKind::kText, tokens[0].text, 0});
    } else if (tokens[0].kind == Token::kWord) {
      if (tokens.size() != 2 || tokens[1].kind != Token::kQuoted) return At(line, "label takes one quoted name");
      const char* callee = action.data() + action.find(tokens[0].text);
      parsed.parts_.push_back({PartKind::kLabel, tokens[1].text, static_cast<size_t>(callee - line_start)});
    } else {
      return At(line, "unexpected operand in command");
    }
    for (const char c : action) line += c == '\n' ? 1u : 0u;
  }
}

Result<std::string> TextTemplate::Render(const std::map<std::string, std::string>& fields,
                                         const std::function<Result<std::string>(const std::string& key)>& label) const {
  std::string out;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case PartKind::kText: out += part.text; break;
      case PartKind::kField: {
        const auto found = fields.find(part.text);
        if (found == fields.end()) {
          return NotExecutable(part.column, "." + part.text,
                               "can't evaluate field " + part.text +
                                   " in type struct { Name string; DisplayName string; Namespace string; Mesh string; Zone string }");
        }
        out += found->second;
        break;
      }
      case PartKind::kLabel: {
        const Result<std::string> value = label(part.text);
        if (!value.ok()) return NotExecutable(part.column, "label " + QuoteGo(part.text), "error calling label: " + value.error().message);
        out += value.value();
        break;
      }
    }
  }
  return out;
}

}  // namespace kuma::resources
