#include "app/output.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace mcpo::app {
namespace {

constexpr std::size_t kDescriptionBytes = 100;

}  // namespace

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return ellipsized(text, kDescriptionBytes);
}

void optional_member(JsonWriter& w, std::string_view name, const std::string& value) {
  if (!value.empty()) w.member(name, value);
}

std::string text_member(RawJson definition, std::string_view name) {
  const auto value = definition.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

}  // namespace mcpo::app
