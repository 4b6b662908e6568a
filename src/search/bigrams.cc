#include "search/bigrams.h"

#include <algorithm>
#include <optional>

#include "search/analyzer.h"
#include "search/term_table.h"

namespace mcpo::search {

void append_bigrams(std::string_view text, std::vector<std::uint32_t>& out) {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
  std::optional<std::uint64_t> before;
  thread_analyzer().for_each_term(text, [&](std::string_view term) {
    const std::uint64_t hash = term_hash(term);
    if (before) out.push_back(static_cast<std::uint32_t>((*before * kMix + hash) * kMix >> 32));
    before = hash;
  });
}

void make_set(std::vector<std::uint32_t>& bigrams) {
  std::ranges::sort(bigrams);
  const auto rest = std::ranges::unique(bigrams);
  bigrams.erase(rest.begin(), rest.end());
}

std::size_t count_common(std::span<const std::uint32_t> few, std::span<const std::uint32_t> many) {
  const auto is_in_many = [&](std::uint32_t one) { return std::ranges::binary_search(many, one); };
  return static_cast<std::size_t>(std::ranges::count_if(few, is_in_many));
}

}  // namespace mcpo::search
