// A piece of a text, as a model's tokeniser cuts it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mcpo::embed {

struct Token {
  std::uint32_t id = 0;
  std::size_t begin = 0;  // bytes of the text
  std::size_t end = 0;
  bool operator==(const Token&) const = default;
};

}  // namespace mcpo::embed
