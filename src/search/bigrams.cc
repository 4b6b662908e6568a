#include "search/bigrams.h"

#include <algorithm>
#include <optional>

#include "search/analyzer.h"
#include "search/term_table.h"

namespace mcpo::search {
namespace {

bool is_number(std::string_view term) {
  return std::ranges::all_of(term, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void append_bigrams(std::string_view text, std::vector<std::uint32_t>& out) {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
  std::optional<std::uint64_t> before;
  thread_analyzer().for_each_term(text, [&](std::string_view term) {
    if (is_number(term)) return;
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

// common >= .8 * union means that at most a ninth of all elements stand alone: most pairs are given
// up after a few steps.
bool are_alike(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  if (a.empty() || b.empty()) return false;
  const std::size_t most_alone = (a.size() + b.size()) / 9;
  std::size_t alone = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size() && alone <= most_alone) {
    alone += a[i] == b[j] ? 0 : 1;
    const std::uint32_t least = std::min(a[i], b[j]);
    i += a[i] == least ? 1 : 0;
    j += b[j] == least ? 1 : 0;
  }
  return alone + (a.size() - i) + (b.size() - j) <= most_alone;
}

}  // namespace mcpo::search
