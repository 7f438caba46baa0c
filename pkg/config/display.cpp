#include "pkg/config/display.h"

#include <functional>
#include <memory>
#include <vector>

#include "pkg/base/strings.h"
#include "pkg/config/value.h"

namespace kuma::config {
namespace {

// Groups and keys in table order.
struct Tree {
  std::string name;
  size_t option = OptionTable::npos;
  std::vector<std::unique_ptr<Tree>> children;

  Tree& Child(const std::string& child_name) {
    for (const auto& child : children) {
      if (child->name == child_name) return *child;
    }
    children.push_back(std::make_unique<Tree>());
    children.back()->name = child_name;
    return *children.back();
  }
};

Tree MakeTree(const OptionTable& table, const std::function<bool(size_t)>& wanted) {
  Tree root;
  for (size_t i = 0; i < table.options().size(); ++i) {
    if (!wanted(i)) continue;
    Tree* place = &root;
    for (const std::string& part : Split(table.options()[i].key, '.')) place = &place->Child(part);
    place->option = i;
  }
  return root;
}

// One line that a YAML reader takes back as the same value.
std::string Inline(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_structured() || (value.is_string() && value.get_ref<const std::string&>().find('\n') != std::string::npos))
    return ToJsonText(value);
  return std::string(Trim(ToYaml(value)));
}

using Line = std::function<void(size_t option, const std::string& indent, const std::string& name, std::string& out)>;

void Write(const Tree& tree, const std::string& indent, const Line& line, std::string& out) {
  for (const auto& child : tree.children) {
    if (child->option != OptionTable::npos) {
      line(child->option, indent, child->name, out);
    } else {
      out += indent + child->name + ":\n";
      Write(*child, indent + "  ", line, out);
    }
  }
}

std::string KeyLine(const std::string& indent, const std::string& name, const std::string& value) {
  return indent + name + ":" + (value.empty() ? "" : " " + value);
}

std::string Masked(const Option& option, const Json& value) { return option.secret ? Inline(Json(kMaskedSecret)) : Inline(value); }

std::string MarkdownCell(std::string text) { return ReplaceAll(std::move(text), "|", "\\|"); }

std::string Code(std::string_view text) { return text.empty() ? "" : "`" + MarkdownCell(std::string(text)) + "`"; }

std::string FlagText(const Option& option) {
  if (option.flag.empty()) return "";
  return (option.shorthand.empty() ? "" : "-" + std::string(option.shorthand) + ", ") + "--" + std::string(option.flag);
}

}  // namespace

std::string PrintDefaults(const OptionTable& table) {
  const Tree tree = MakeTree(table, [](size_t) { return true; });
  std::string out = "# Configuration of the " + table.role() + " with all defaults. A variable wins over this file, a flag over both.\n";
  Write(
      tree, "",
      [&table](size_t index, const std::string& indent, const std::string& name, std::string& text) {
        const Option& option = table.options()[index];
        text += indent + "# " + std::string(option.doc);
        if (const std::string allowed = AllowedText(option); !allowed.empty()) text += " Allowed: " + allowed + ".";
        if (option.accepted_only) text += " Has no effect.";
        if (!option.deprecated.empty()) text += " Deprecated: " + std::string(option.deprecated) + ".";
        text += "\n" + KeyLine(indent, name, Inline(table.DefaultOf(index)));
        if (!option.env.empty()) text += "  # " + std::string(option.env);
        text += "\n";
      },
      out);
  return out;
}

std::string PrintEffective(const Config& config, bool changed_only) {
  const OptionTable& table = config.table();
  const Tree tree = MakeTree(table, [&](size_t i) { return !changed_only || config.SourceAt(i).kind != Source::Kind::kDefault; });
  std::string out;
  Write(
      tree, "",
      [&](size_t index, const std::string& indent, const std::string& name, std::string& text) {
        text += KeyLine(indent, name, Masked(table.options()[index], config.ValueAt(index)));
        const Source& source = config.SourceAt(index);
        if (source.kind != Source::Kind::kDefault) text += "  # from " + source.ToString();
        text += "\n";
      },
      out);
  return out.empty() ? "# Everything is at its default.\n" : out;
}

Result<std::string> ExplainKey(const Config& config, std::string_view key) {
  const OptionTable& table = config.table();
  const size_t index = table.Find(key);
  if (index == OptionTable::npos) {
    if (!key.empty() && table.IsGroup(key)) {
      std::string text = std::string(key) + " is a group of keys:\n";
      const std::string prefix = ToLower(key) + ".";
      for (const Option& option : table.options()) {
        if (ToLower(option.key).rfind(prefix, 0) == 0) text += "  " + std::string(option.key) + "\n      " + std::string(option.doc) + "\n";
      }
      return text;
    }
    // A variable's or a flag's name is as good as the key.
    const size_t by_env = table.FindEnv(key);
    const size_t by_flag = table.FindFlag(key.substr(0, 2) == "--" ? key.substr(2) : key);
    if (by_env != OptionTable::npos) return ExplainKey(config, table.options()[by_env].key);
    if (by_flag != OptionTable::npos) return ExplainKey(config, table.options()[by_flag].key);
    const std::vector<std::string> near = table.NearestKeys(key);
    return NotFound("unknown key \"" + std::string(key) + "\" of the " + table.role() +
                    (near.empty() ? "" : "; near are: " + Join(near, ", ")));
  }
  const Option& option = table.options()[index];
  std::string text = std::string(option.key) + " (" + TypeName(option.type) + ")\n  " + std::string(option.doc) + "\n";
  if (option.accepted_only) text += "  It is accepted so that existing files work, and has no effect.\n";
  if (!option.deprecated.empty()) text += "  Deprecated: " + std::string(option.deprecated) + ".\n";
  text += "\n";
  const auto row = [&text](const std::string& name, const std::string& value) {
    if (!value.empty()) text += "  " + name + std::string(13 - name.size(), ' ') + value + "\n";
  };
  const auto shown = [&](const Json& value) {
    const std::string inline_text = Masked(option, value);
    return inline_text.empty() ? std::string("(none)") : inline_text;
  };
  row("allowed:", AllowedText(option));
  row("default:", shown(table.DefaultOf(index)));
  row("environment:", std::string(option.env) + (option.also_env.empty() ? "" : ", also " + std::string(option.also_env)));
  row("flag:", FlagText(option));
  row("now:", shown(config.ValueAt(index)) + ", from " + config.SourceAt(index).ToString());
  return text;
}

std::string OptionsMarkdown(const OptionTable& table) {
  std::string out = "| Key | Variable | Type | Default | Meaning |\n| --- | --- | --- | --- | --- |\n";
  for (size_t i = 0; i < table.options().size(); ++i) {
    const Option& option = table.options()[i];
    std::string doc = MarkdownCell(std::string(option.doc));
    if (const std::string allowed = AllowedText(option); !allowed.empty()) doc += " Allowed: " + allowed + ".";
    if (!option.flag.empty()) doc += " Flag: " + Code(FlagText(option)) + ".";
    if (option.accepted_only) doc += " Accepted, without effect.";
    if (!option.deprecated.empty()) doc += " Deprecated: " + std::string(option.deprecated) + ".";
    out += "| " + Code(option.key) + " | " + Code(option.env) + " | " + TypeName(option.type) + " | " +
           Code(option.secret ? "" : Inline(table.DefaultOf(i))) + " | " + doc + " |\n";
  }
  return out;
}

}  // namespace kuma::config
