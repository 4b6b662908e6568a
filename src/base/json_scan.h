// How JSON text is walked: shared by the parts of json.h, of no use to others. Everything but
// find_special() takes text that is known to be valid.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mcpo::json_scan {

inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline std::string_view skip_space(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && is_space(text[at])) ++at;
  return text.substr(at);
}

// -1: not a hexadecimal digit.
int hex_value(char c);

// The first quote, backslash or control character in [at, end), or end. Sets `non_ascii` when it
// passes bytes above 127.
const char* find_special(const char* at, const char* end, bool& non_ascii);

// Bytes of the value that `text` starts with.
std::size_t value_size(std::string_view text);

// What stands between the quotes, with its escapes resolved; lone surrogates become U+FFFD.
std::string unescaped(std::string_view inside);

}  // namespace mcpo::json_scan
