// Pairs of adjacent words, as hashes: "pull request" says more than "pull" and "request".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mcpo::search {

// Appends the pairs of adjacent terms of `text` (stopped and stemmed). Not ordered, may repeat.
// Numbers are passed over: copies that are only numbered are alike.
void append_bigrams(std::string_view text, std::vector<std::uint32_t>& out);
// Ordered, each once: what count_common() wants.
void make_set(std::vector<std::uint32_t>& bigrams);

// How many of `few` are in `many`. Both are sets.
std::size_t count_common(std::span<const std::uint32_t> few, std::span<const std::uint32_t> many);

// Whether two sets have at least four fifths of their union in common. False when one is empty.
bool are_alike(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);

}  // namespace mcpo::search
