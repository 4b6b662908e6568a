// Numbers for texts that are stored elsewhere: a hash table of 4-byte slots. Numbers count from 0
// in the order of adding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace mcpo::search {

inline constexpr std::uint32_t kNoTerm = 0xffffffff;

inline std::uint64_t term_hash(std::string_view term) {
  return std::hash<std::string_view>{}(term);
}

class TermTable {
 public:
  std::size_t size() const { return hashes_.size(); }
  std::uint64_t hash(std::uint32_t number) const { return hashes_[number]; }
  std::size_t memory_bytes() const { return slots_.capacity() * 4 + hashes_.capacity() * 8; }

  // `is(number)` says whether the text of that number is the wanted one. kNoTerm: not there.
  template <class Is>
  std::uint32_t find(std::uint64_t hash, Is is) const {
    return slots_.empty() ? kNoTerm : slots_[slot_of(hash, is)];
  }

  // A result equal to the former size() is new: the caller stores its text.
  template <class Is>
  std::uint32_t find_or_add(std::uint64_t hash, Is is) {
    if ((hashes_.size() + 1) * 2 > slots_.size()) grow();
    std::uint32_t& slot = slots_[slot_of(hash, is)];
    if (slot != kNoTerm) return slot;
    slot = static_cast<std::uint32_t>(hashes_.size());
    hashes_.push_back(hash);
    return slot;
  }

 private:
  template <class Is>
  std::size_t slot_of(std::uint64_t hash, Is is) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at] != kNoTerm && !(hashes_[slots_[at]] == hash && is(slots_[at]))) {
      at = (at + 1) & mask;
    }
    return at;
  }

  void grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, kNoTerm);
    const auto never = [](std::uint32_t) { return false; };
    for (std::uint32_t number = 0; number < hashes_.size(); ++number) {
      slots_[slot_of(hashes_[number], never)] = number;
    }
  }

  std::vector<std::uint32_t> slots_;  // a power of two, at most half full
  std::vector<std::uint64_t> hashes_;
};

}  // namespace mcpo::search
