#include "pkg/cli/parse.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::cli {
namespace {

bool IsFlagWord(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

const Flag* ByName(const std::vector<const Flag*>& flags, std::string_view name) {
  for (const Flag* flag : flags) {
    if (flag->name == name) return flag;
  }
  return nullptr;
}

const Flag* ByShorthand(const std::vector<const Flag*>& flags, char letter) {
  for (const Flag* flag : flags) {
    if (flag->shorthand.size() == 1 && flag->shorthand[0] == letter) return flag;
  }
  return nullptr;
}

// A flag of a command further down may be typed before that command's name.
const Flag* BelowByWord(const Command& command, const std::string& word) {
  for (const Flag& flag : command.flags) {
    if (word == "--" + flag.name || (!flag.shorthand.empty() && word == "-" + flag.shorthand)) return &flag;
  }
  for (const Command& child : command.children) {
    if (const Flag* flag = BelowByWord(child, word)) return flag;
  }
  return nullptr;
}

bool IsHelpWord(const std::string& word) { return word == "-h" || word == "--help" || word == "--help=true"; }

// --name may stand without a value; then a value needs an equals sign.
bool StandsAlone(const Flag& flag) { return flag.type == FlagType::kBool || !flag.bare_value.empty(); }
std::string BareValue(const Flag& flag) { return flag.bare_value.empty() ? "true" : flag.bare_value; }

// True when the flag word takes the next word as its value.
bool TakesNext(const std::vector<const Command*>& path, const std::string& word) {
  if (IsHelpWord(word) || word == "--version" || word.find('=') != std::string::npos) return false;
  const std::vector<const Flag*> flags = FlagsOf(path);
  if (word.rfind("--", 0) == 0) {
    const Flag* flag = ByName(flags, std::string_view(word).substr(2));
    if (flag == nullptr) flag = BelowByWord(*path.back(), word);
    return flag != nullptr && !StandsAlone(*flag);
  }
  for (size_t i = 1; i < word.size(); ++i) {
    const Flag* flag = ByShorthand(flags, word[i]);
    if (flag == nullptr && word.size() == 2) flag = BelowByWord(*path.back(), word);
    if (flag == nullptr) return false;
    if (!StandsAlone(*flag)) return i + 1 == word.size();
  }
  return false;
}

std::vector<std::string> ChildNames(const Command& command) {
  std::vector<std::string> names;
  for (const Command& child : command.children) {
    if (!child.hidden) names.push_back(child.name);
  }
  return names;
}

class Parser {
 public:
  Parser(const Command& root, const std::vector<std::string>& words) : words_(words) { outcome_.line.path.push_back(&root); }

  ParseOutcome Go() {
    FindCommand();
    flags_ = FlagsOf(outcome_.line.path);
    ReadFlags();
    if (!outcome_.error && !outcome_.line.help && !outcome_.line.version) CheckWhole();
    // Help was asked for and there is nothing that says which command: show the nearest one.
    if (outcome_.line.help) outcome_.error.reset();
    return std::move(outcome_);
  }

 private:
  const Command& command() const { return *outcome_.line.path.back(); }

  void Fail(std::string message, std::string suggestion = {}) {
    if (!outcome_.error) outcome_.error = LineError{std::move(message), std::move(suggestion), outcome_.line.path};
  }

  // First pass: which command is meant. The words of its name are remembered so that the second pass skips them.
  void FindCommand() {
    for (size_t i = 0; i < words_.size(); ++i) {
      const std::string& word = words_[i];
      if (word == "--") return;
      if (IsFlagWord(word)) {
        if (TakesNext(outcome_.line.path, word)) ++i;
        continue;
      }
      const Command* child = FindChild(command(), word);
      if (child == nullptr) return;
      outcome_.line.path.push_back(child);
      name_words_.push_back(i);
    }
  }

  void ReadFlags() {
    bool only_args = false;
    for (size_t i = 0; i < words_.size() && !outcome_.error; ++i) {
      if (std::find(name_words_.begin(), name_words_.end(), i) != name_words_.end()) continue;
      const std::string& word = words_[i];
      if (only_args || !IsFlagWord(word)) {
        outcome_.line.args.push_back(word);
      } else if (word == "--") {
        only_args = true;
      } else if (IsHelpWord(word)) {
        outcome_.line.help = true;
      } else if (word == "--version" && !command().version.empty()) {
        outcome_.line.version = true;
      } else if (word.rfind("--", 0) == 0) {
        ReadLong(word, i);
      } else {
        ReadShort(word, i);
      }
    }
  }

  void ReadLong(const std::string& word, size_t& i) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
    const Flag* flag = ByName(flags_, name);
    if (flag == nullptr) {
      std::vector<std::string> names = {"help"};
      for (const Flag* known : flags_) {
        if (!known->hidden) names.push_back(known->name);
      }
      const std::string near = NearestName(name, names);
      return Fail("unknown flag: --" + name, near.empty() ? near : "--" + near);
    }
    if (equals != std::string::npos) return Set(*flag, word.substr(equals + 1), "--" + name);
    if (StandsAlone(*flag)) return Set(*flag, BareValue(*flag), "--" + name);
    if (i + 1 >= words_.size()) return Fail("flag needs an argument: --" + name);
    Set(*flag, words_[++i], "--" + name);
  }

  // -abc sets three booleans; -ofile and -o=file and -o file give a value.
  void ReadShort(const std::string& word, size_t& i) {
    for (size_t at = 1; at < word.size(); ++at) {
      if (word[at] == 'h' && ByShorthand(flags_, 'h') == nullptr) {
        outcome_.line.help = true;
        continue;
      }
      const Flag* flag = ByShorthand(flags_, word[at]);
      if (flag == nullptr) return Fail("unknown shorthand flag: '" + word.substr(at, 1) + "' in " + word);
      const std::string shown = word.substr(at, 1);
      std::string rest = word.substr(at + 1);
      if (!rest.empty() && rest[0] == '=') return Set(*flag, rest.substr(1), "-" + shown + ", --" + flag->name);
      if (StandsAlone(*flag)) {
        Set(*flag, BareValue(*flag), "-" + shown + ", --" + flag->name);
        continue;
      }
      if (rest.empty()) {
        if (i + 1 >= words_.size()) return Fail("flag needs an argument: '" + shown + "' in " + word);
        rest = words_[++i];
      }
      return Set(*flag, rest, "-" + shown + ", --" + flag->name);
    }
  }

  void Set(const Flag& flag, std::string value, const std::string& shown) {
    if (const Status status = CheckFlagValue(flag, value); !status) {
      return Fail("invalid argument \"" + value + "\" for \"" + shown + "\" flag: " + status.error().message, status.error().path);
    }
    std::vector<std::string>& values = outcome_.line.values[flag.name];
    const bool repeatable = flag.type == FlagType::kStringList || flag.type == FlagType::kStringArray || flag.type == FlagType::kStringMap;
    if (!repeatable) values.clear();
    if (!flag.deprecated.empty() && values.empty())
      outcome_.line.warnings.push_back("Flag --" + flag.name + " has been deprecated, " + flag.deprecated);
    values.push_back(std::move(value));
  }

  void CheckWhole() {
    const std::string name = CommandPath(outcome_.line.path);
    const std::vector<std::string>& args = outcome_.line.args;
    if (!args.empty() && command().max_args == 0) {
      return Fail("unknown command \"" + args[0] + "\" for \"" + name + "\"", NearestName(args[0], ChildNames(command())));
    }
    if (!command().run) return;
    const size_t least = command().min_args;
    const size_t most = command().max_args;
    if (args.size() < least || (most != kAnyArgs && args.size() > most)) {
      const std::string received = ", received " + std::to_string(args.size());
      const std::string usage = command().args.empty() ? "" : " (" + command().args + ")";
      if (least == most) return Fail("accepts " + std::to_string(least) + " arg(s)" + received + usage);
      if (args.size() < least) return Fail("requires at least " + std::to_string(least) + " arg(s)" + received + usage);
      return Fail("accepts at most " + std::to_string(most) + " arg(s)" + received + usage);
    }
    std::vector<std::string> missing;
    for (const Flag* flag : flags_) {
      if (flag->required && outcome_.line.values.count(flag->name) == 0) missing.push_back("\"" + flag->name + "\"");
    }
    if (!missing.empty()) Fail("required flag(s) " + Join(missing, ", ") + " not set");
  }

  const std::vector<std::string>& words_;
  std::vector<size_t> name_words_;
  std::vector<const Flag*> flags_;
  ParseOutcome outcome_;
};

}  // namespace

std::optional<bool> ParseBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

Status CheckFlagValue(const Flag& flag, const std::string& value) {
  switch (flag.type) {
    case FlagType::kBool:
      if (!ParseBool(value)) return Invalid("is not true or false");
      break;
    case FlagType::kInt:
      if (!ParseInt(value)) return Invalid("is not a whole number");
      break;
    case FlagType::kDuration:
      if (!ParseDuration(value)) return Invalid("is not a duration such as 30s, 5m or 1h30m");
      break;
    case FlagType::kStringMap:
      for (const std::string& part : Split(value, ',')) {
        if (part.find('=') == std::string::npos) return Invalid(part + " must be formatted as key=value");
      }
      break;
    case FlagType::kString:
    case FlagType::kStringList:
    case FlagType::kStringArray:
      break;
  }
  if (!flag.choices.empty() && std::find(flag.choices.begin(), flag.choices.end(), value) == flag.choices.end()) {
    return Invalid("must be one of " + Join(flag.choices, ", "), NearestName(value, flag.choices));
  }
  return Ok();
}

ParseOutcome Parse(const Command& root, const std::vector<std::string>& words) { return Parser(root, words).Go(); }

}  // namespace kuma::cli
