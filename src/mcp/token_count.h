// How many tokens a text costs a model. An estimate until the real encodings arrive.
#pragma once

#include <cstdint>
#include <string_view>

namespace mcpo::mcp {

// Within about 15 % of cl100k_base on tool definitions; linear, no allocation.
std::int64_t estimate_tokens(std::string_view text);

}  // namespace mcpo::mcp
