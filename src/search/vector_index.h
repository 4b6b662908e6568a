// The semantic arm: how near a request's vector is to each document's. Exact: every document is
// compared, which takes less time than one inference up to a hundred thousand of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "search/dot_product.h"
#include "search/embedding.h"

namespace mcpo::search {

// Immutable.
class VectorIndex {
 public:
  explicit VectorIndex(std::span<const Part> parts);

  // That of most vectors; 0: no document has one.
  std::size_t dimension() const { return dimension_; }
  // False as well for a vector of another dimension, or without direction.
  bool has(DocId doc) const { return dimension_ > 0 && has_[doc] != 0; }

  // Cosines of all documents with a vector of dimension(); 0 where has() is false.
  void cosines(std::span<const float> vector, std::vector<float>& out) const;

  std::size_t memory_bytes() const { return rows_.capacity() * sizeof(Fixed) + has_.capacity(); }

 private:
  void add(const DocumentEmbedding* embedding);

  std::size_t dimension_ = 0;
  std::vector<Fixed> rows_;  // documents x dimension
  std::vector<std::uint8_t> has_;
};

}  // namespace mcpo::search
