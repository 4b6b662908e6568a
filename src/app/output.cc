#include "app/output.h"

#include <cstdio>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"

namespace mcpo::app {
namespace {

constexpr std::size_t kDescriptionBytes = 100;

}  // namespace

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string printable(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (is_control(text[i])) text[i] = ' ';
    // U+0080 to U+009F, of which U+009B begins a terminal's commands.
    const bool is_c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (is_c1) text.replace(i, 2, " ");
  }
  return text;
}

std::string one_line(std::string text) {
  return ellipsized(printable(std::move(text)), kDescriptionBytes);
}

void optional_member(JsonWriter& w, std::string_view name, const std::string& value) {
  if (!value.empty()) w.member(name, value);
}

std::string text_member(RawJson definition, std::string_view name) {
  const auto value = definition.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

}  // namespace mcpo::app
