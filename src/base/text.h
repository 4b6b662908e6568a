// Text helpers that every module may need. All take UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcpo {

bool is_valid_utf8(std::string_view text);
// Malformed sequences become U+FFFD, one for each maximal bad part (Unicode 15, section 3.9).
std::string to_valid_utf8(std::string_view text);
// At most `max_bytes`, cut at a character border, with "…" when something was cut.
std::string ellipsized(std::string_view text, std::size_t max_bytes);

std::string ascii_lower(std::string_view text);
bool iequals_ascii(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);                                // ASCII white space
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty parts
std::string join(const std::vector<std::string>& parts, std::string_view separator);

std::string to_hex(std::string_view bytes);  // lower case
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);  // standard alphabet, padded

// Damerau-Levenshtein distance over bytes (optimal string alignment), or `limit` + 1 when larger.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);
// The up to `count` candidates most like `wanted`, best first: same letters in another case or with
// other separators first, then typing mistakes, then containment, then small edit distance. Far
// ones are left out.
std::vector<std::string> nearest_names(std::string_view wanted,
                                       const std::vector<std::string>& candidates,
                                       std::size_t count);

}  // namespace mcpo
