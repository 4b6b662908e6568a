#include "gateway/embedding_book.h"

#include <cstring>
#include <utility>

namespace mcpo::gateway {

WantedText wanted_text(const search::Document& document) {
  WantedText out{.text = search::semantic_text(document)};
  // The name's place is part of what is stored: the same words may be cut differently.
  out.hash = content_hash(std::to_string(out.text.name_begin) + ":" +
                          std::to_string(out.text.name_end) + ":" + out.text.text);
  return out;
}

EmbeddingBook::Ptr EmbeddingBook::find(const ContentHash& text) const {
  const std::scoped_lock lock(mutex_);
  const auto it = embeddings_.find(text);
  return it == embeddings_.end() ? nullptr : it->second;
}

void EmbeddingBook::put(const ContentHash& text, Ptr embedding) {
  const std::scoped_lock lock(mutex_);
  embeddings_.insert_or_assign(text, std::move(embedding));
  ++version_;
}

void EmbeddingBook::keep_only(const std::vector<ContentHash>& texts) {
  constexpr std::size_t kSpare = 2'000;
  const std::scoped_lock lock(mutex_);
  if (embeddings_.size() <= texts.size() + kSpare) return;
  decltype(embeddings_) kept;
  for (const ContentHash& text : texts) {
    if (const auto found = embeddings_.find(text); found != embeddings_.end()) kept.insert(*found);
  }
  embeddings_ = std::move(kept);
}

std::size_t EmbeddingBook::size() const {
  const std::scoped_lock lock(mutex_);
  return embeddings_.size();
}

std::uint64_t EmbeddingBook::version() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

std::size_t EmbeddingBook::Hash::operator()(const ContentHash& hash) const {
  std::size_t out = 0;
  std::memcpy(&out, hash.bytes.data(), sizeof out);
  return out;
}

}  // namespace mcpo::gateway
