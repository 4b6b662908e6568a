#include "gateway/arguments.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"

namespace mcpo::gateway {
namespace {

std::string_view kind_name(JsonKind kind) {
  switch (kind) {
    case JsonKind::array:
      return "an array";
    case JsonKind::object:
      return "an object";
    case JsonKind::string:
      return "a string";
    default:
      return "something else";
  }
}

// Both the operating system and ToolHive take such names apart.
bool is_usable_name(std::string_view name) {
  const auto is_bad = [](char c) { return c == '=' || is_control(c); };
  return !name.empty() && std::ranges::none_of(name, is_bad);
}

}  // namespace

std::unexpected<Error> wrong_argument(std::string_view name, std::string_view wanted,
                                      RawJson given) {
  return fail(Errc::invalid, std::string(name) + " must be " + std::string(wanted) +
                                 "; given was " + ellipsized(given.text(), 120));
}

Result<void> check_object(RawJson arguments) {
  if (arguments.is_object()) return {};
  return wrong_argument("arguments", "an object", arguments);
}

Result<void> check_members(RawJson arguments, const std::vector<std::string>& known) {
  for (const RawJson::Member member : arguments.members()) {
    if (std::ranges::find(known, member.name()) != known.end()) continue;
    return fail(Errc::invalid, "there is no argument \"" + ellipsized(member.name(), 120) +
                                   "\"; the arguments are: " + join(known, ", "));
  }
  return {};
}

Result<std::optional<std::string>> optional_text(RawJson arguments, std::string_view name) {
  const auto value = arguments.find(name);
  if (!value || value->is_null()) return std::nullopt;
  auto text = value->as_string();
  if (!text) return wrong_argument(name, "a string", *value);
  return text;
}

Result<std::map<std::string, std::string>> optional_texts(RawJson arguments,
                                                          std::string_view name) {
  std::map<std::string, std::string> out;
  const auto value = arguments.find(name);
  if (!value || value->is_null()) return out;
  if (!value->is_object()) {
    return fail(Errc::invalid, std::string(name) + " must be an object of texts; given was " +
                                   std::string(kind_name(value->kind())));
  }
  for (const RawJson::Member member : value->members()) {
    if (member.value.is_null()) continue;
    const std::string key = member.name();
    if (!is_usable_name(key)) {
      return fail(Errc::invalid, std::string(name) +
                                     " has a member whose name is empty or has \"=\""
                                     " or control characters");
    }
    if (member.value.is_object() || member.value.is_array()) {
      return fail(Errc::invalid, std::string(name) + "." + ellipsized(key, 120) +
                                     " must be a string; given was " +
                                     std::string(kind_name(member.value.kind())));
    }
    out[key] = member.value.as_string().value_or(std::string(member.value.text()));
  }
  return out;
}

}  // namespace mcpo::gateway
