// Hashes: content hashes tell whether something changed; keyed hashes do so for what must not be
// guessed from the stored value (connection settings hold secrets).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpo {

// 128-bit XXH3: not for adversaries who want collisions on purpose to matter.
struct ContentHash {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const ContentHash&) const = default;
  std::string hex() const;
};
ContentHash content_hash(std::string_view text);

// HMAC-SHA256, hex. The key lives outside the database.
std::string keyed_hash(std::string_view key, std::string_view text);

// From the operating system; hex text of 2 * bytes characters.
std::string random_hex(std::size_t bytes);

}  // namespace mcpo
