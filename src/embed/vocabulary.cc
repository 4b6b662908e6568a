#include "embed/vocabulary.h"

#include <algorithm>
#include <bit>

namespace mcpo::embed {
namespace {

// FNV-1a, because it goes on from any prefix; `mixed` repairs its weak low bits.
constexpr std::uint32_t kStart = 2166136261U;
constexpr std::uint32_t kIdBits = 21;  // id + 1 of kMaxPieces pieces
constexpr std::uint32_t kIdMask = (std::uint32_t{1} << kIdBits) - 1;

std::uint32_t mixed(std::uint32_t hash) {
  hash ^= hash >> 16;
  hash *= 0x7feb352dU;
  return hash ^ (hash >> 15);
}

std::uint32_t hash_of(std::uint32_t hash, std::string_view text) {
  for (const char c : text) hash = Vocabulary::extend(hash, c);
  return hash;
}

}  // namespace

Result<void> Vocabulary::add(std::uint32_t id, std::string_view piece) {
  if (id >= kMaxPieces) {
    return fail(Errc::too_large, "the vocabulary has an id of " + std::to_string(id) +
                                     "; at most " + std::to_string(kMaxPieces - 1) + " is read");
  }
  if (piece.empty() || piece.size() > kMaxPieceBytes) return {};
  if (pieces_.size() <= id) pieces_.resize(id + 1);
  pieces_[id] = {static_cast<std::uint32_t>(bytes_.size()),
                 static_cast<std::uint8_t>(piece.size())};
  bytes_ += piece;
  longest_ = std::max(longest_, piece.size());
  return {};
}

void Vocabulary::finish(std::string_view continuation) {
  continuation_ = continuation;
  bytes_.shrink_to_fit();
  pieces_.shrink_to_fit();
  slots_.assign(std::bit_ceil(pieces_.size() * 2 + 1), 0);
  for (std::uint32_t id = 0; id < pieces_.size(); ++id) {
    if (pieces_[id].length > 0) insert(id);
  }
}

void Vocabulary::insert(std::uint32_t id) {
  const std::uint32_t hash = mixed(hash_of(kStart, piece(id)));
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at] != 0 && piece((slots_[at] & kIdMask) - 1) != piece(id)) at = (at + 1) & mask;
  slots_[at] = (id + 1) | (hash & ~kIdMask);
}

std::string_view Vocabulary::piece(std::uint32_t id) const {
  if (id >= pieces_.size()) return {};
  return std::string_view(bytes_).substr(pieces_[id].offset, pieces_[id].length);
}

std::uint32_t Vocabulary::start(Position position) const {
  return position == Position::first ? kStart : hash_of(kStart, continuation_);
}

std::optional<std::uint32_t> Vocabulary::find(std::string_view piece) const {
  return find(Position::first, hash_of(kStart, piece), piece);
}

std::optional<std::uint32_t> Vocabulary::find(Position position, std::uint32_t hash,
                                              std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const std::string_view prefix =
      position == Position::first ? "" : std::string_view(continuation_);
  hash = mixed(hash);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at] != 0; at = (at + 1) & mask) {
    if (((slots_[at] ^ hash) & ~kIdMask) != 0) continue;
    const std::uint32_t id = (slots_[at] & kIdMask) - 1;
    const std::string_view found = piece(id);
    if (found.size() == prefix.size() + text.size() && found.starts_with(prefix) &&
        found.ends_with(text)) {
      return id;
    }
  }
  return std::nullopt;
}

}  // namespace mcpo::embed
