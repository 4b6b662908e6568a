// Embeddings that this process has, by the text that they are of. Views look them up; the enricher
// fills it from the store and from the encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "search/embedding.h"

namespace mcpo::gateway {

// One text that a view wants an embedding for.
struct WantedText {
  ContentHash hash;  // of the text and where its name lies: its key, also in the store
  search::SemanticText text;
};
WantedText wanted_text(const search::Document& document);

// Thread-safe; values are immutable.
class EmbeddingBook {
 public:
  using Ptr = std::shared_ptr<const search::DocumentEmbedding>;

  Ptr find(const ContentHash& text) const;  // null: not there yet
  void put(const ContentHash& text, Ptr embedding);
  // Forgets all others, once there are many more of them.
  void keep_only(const std::vector<ContentHash>& texts);
  std::size_t size() const;
  // Grows with every put(): as long as it is the same, there is nothing new to find.
  std::uint64_t version() const;

 private:
  struct Hash {
    std::size_t operator()(const ContentHash& hash) const;
  };
  mutable std::mutex mutex_;
  std::unordered_map<ContentHash, Ptr, Hash> embeddings_;
  std::uint64_t version_ = 0;
};

}  // namespace mcpo::gateway
