// One table per kind of member serves both directions, so that none is written and not read.
#include "catalog/registry_json.h"

#include <array>

#include "base/json.h"

namespace mcpo::catalog {
namespace {

template <class Object, class Value>
struct Field {
  std::string_view name;
  Value Object::* value;
};

constexpr std::array kTexts{
    Field{"name", &RegistryEntry::name},
    Field{"title", &RegistryEntry::title},
    Field{"description", &RegistryEntry::description},
    Field{"overview", &RegistryEntry::overview},
    Field{"transport", &RegistryEntry::transport},
    Field{"tier", &RegistryEntry::tier},
    Field{"status", &RegistryEntry::status},
    Field{"image", &RegistryEntry::image},
    Field{"url", &RegistryEntry::url},
};
constexpr std::array kFlags{
    Field{"remote", &RegistryEntry::remote},
    Field{"oauth", &RegistryEntry::oauth},
};
constexpr std::array kInputLists{
    Field{"env", &RegistryEntry::env},
    Field{"headers", &RegistryEntry::headers},
};
constexpr std::array kInputTexts{
    Field{"name", &RegistryInput::name},
    Field{"description", &RegistryInput::description},
    Field{"default", &RegistryInput::fallback},
};
constexpr std::array kInputFlags{
    Field{"required", &RegistryInput::required},
    Field{"secret", &RegistryInput::secret},
};
// A definition is a string here, not an object: whatever it is, it comes back byte for byte.
constexpr std::array kToolTexts{
    Field{"name", &RegistryTool::name},
    Field{"definition", &RegistryTool::definition},
};

template <class Object, class Table>
void write_texts(JsonWriter& w, const Object& from, const Table& table) {
  for (const auto& field : table) {
    if (const std::string& text = from.*field.value; !text.empty()) w.member(field.name, text);
  }
}

template <class Object, class Table>
void write_flags(JsonWriter& w, const Object& from, const Table& table) {
  for (const auto& field : table) {
    if (from.*field.value) w.member_bool(field.name, true);
  }
}

void write_names(JsonWriter& w, std::string_view key, const std::vector<std::string>& names) {
  if (names.empty()) return;
  w.key(key).begin_array();
  for (const std::string& name : names) w.string(name);
  w.end_array();
}

void write_input(JsonWriter& w, const RegistryInput& input) {
  w.begin_object();
  write_texts(w, input, kInputTexts);
  write_flags(w, input, kInputFlags);
  write_names(w, "choices", input.choices);
  w.end_object();
}

void write_tools(JsonWriter& w, const std::vector<RegistryTool>& tools) {
  w.key("tools").begin_array();
  for (const RegistryTool& tool : tools) {
    w.begin_object();
    write_texts(w, tool, kToolTexts);
    w.end_object();
  }
  w.end_array();
}

template <class Object, class Table>
void read_texts(RawJson from, Object& to, const Table& table) {
  for (const auto& field : table) {
    const auto found = from.find(field.name);
    if (auto text = found ? found->as_string() : std::nullopt) to.*field.value = *std::move(text);
  }
}

template <class Object, class Table>
void read_flags(RawJson from, Object& to, const Table& table) {
  for (const auto& field : table) {
    const auto found = from.find(field.name);
    if (const auto flag = found ? found->as_bool() : std::nullopt) to.*field.value = *flag;
  }
}

std::vector<std::string> read_names(RawJson from, std::string_view key) {
  std::vector<std::string> out;
  for (const RawJson name : from.find(key).value_or(RawJson()).elements()) {
    if (auto text = name.as_string()) out.push_back(*std::move(text));
  }
  return out;
}

RegistryInput read_input(RawJson from) {
  RegistryInput out;
  read_texts(from, out, kInputTexts);
  read_flags(from, out, kInputFlags);
  out.choices = read_names(from, "choices");
  return out;
}

RegistryTool read_tool(RawJson from) {
  RegistryTool out;
  read_texts(from, out, kToolTexts);
  return out;
}

}  // namespace

std::string registry_entry_json(const RegistryEntry& entry) {
  JsonWriter w;
  w.begin_object();
  write_texts(w, entry, kTexts);
  write_flags(w, entry, kFlags);
  write_names(w, "tags", entry.tags);
  for (const auto& field : kInputLists) {
    w.key(field.name).begin_array();
    for (const RegistryInput& input : entry.*field.value) write_input(w, input);
    w.end_array();
  }
  write_tools(w, entry.tools);
  w.end_object();
  return w.take();
}

Result<RegistryEntry> read_registry_entry(std::string_view json) {
  auto document = parse_json(json, {});
  if (!document || !document->is_object()) {
    return fail(Errc::corrupt, "a stored registry entry is not a JSON object");
  }
  RegistryEntry out;
  read_texts(*document, out, kTexts);
  read_flags(*document, out, kFlags);
  out.tags = read_names(*document, "tags");
  for (const auto& field : kInputLists) {
    for (const RawJson input : document->find(field.name).value_or(RawJson()).elements()) {
      (out.*field.value).push_back(read_input(input));
    }
  }
  for (const RawJson tool : document->find("tools").value_or(RawJson()).elements()) {
    out.tools.push_back(read_tool(tool));
  }
  return out;
}

}  // namespace mcpo::catalog
