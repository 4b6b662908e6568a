// The pieces of a WordPiece vocabulary: one string with all of them, and a flat hash table over it.
// 30,000 pieces take about 0.7 MB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mcpo::embed {

class Vocabulary {
 public:
  static constexpr std::uint32_t kMaxPieces = std::uint32_t{1} << 20;
  static constexpr std::size_t kMaxPieceBytes = 255;

  // Ids may come in any order and leave gaps; a later piece of the same id or text replaces the
  // earlier one. Pieces that are too long to be met are left out. Errors: too_large (the id).
  Result<void> add(std::uint32_t id, std::string_view piece);
  // Once, after the last add(): builds the table. Pieces that start with `continuation` ("##") are
  // found as the continuation of a word only.
  void finish(std::string_view continuation);

  std::size_t size() const { return pieces_.size(); }  // one more than the largest id
  // As in the vocabulary ("##ing"); empty for ids that it has not. Lives as long as this.
  std::string_view piece(std::uint32_t id) const;
  std::optional<std::uint32_t> find(std::string_view piece) const;

  // Longest prefixes are looked for by hashing byte by byte: start(), extend() per byte, find().
  enum class Position { first, continuation };
  std::uint32_t start(Position position) const;
  static std::uint32_t extend(std::uint32_t hash, char byte) {
    return (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
  }
  // `hash` is that of `text`. Text that is a piece, at that position in a word.
  std::optional<std::uint32_t> find(Position position, std::uint32_t hash,
                                    std::string_view text) const;
  std::size_t longest_piece() const { return longest_; }  // bytes

 private:
  struct Place {
    std::uint32_t offset = 0;
    std::uint8_t length = 0;
  };
  void insert(std::uint32_t id);

  std::string bytes_;
  std::vector<Place> pieces_;         // by id; length 0: none
  std::vector<std::uint32_t> slots_;  // id + 1 in the low bits, some of the hash above; 0: free
  std::string continuation_;
  std::size_t longest_ = 0;
};

}  // namespace mcpo::embed
