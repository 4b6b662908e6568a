// The semantic arm: how near a request's vector is to each document's: to that of its whole text or
// that of its description, whichever is nearer. Exact: every document is compared, which takes less
// time than one inference up to a hundred thousand of them.
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
  // False as well for a vector of another dimension.
  bool has(DocId doc) const { return dimension_ > 0 && texts_.has[doc] != 0; }

  // Cosines of all documents with a vector of dimension(), which is not 0; 0 where has() is false.
  void cosines(std::span<const Fixed> vector, std::vector<float>& out) const;

  std::size_t memory_bytes() const { return texts_.memory_bytes() + descriptions_.memory_bytes(); }

 private:
  struct Rows {
    std::vector<Fixed> values;  // documents x dimension
    std::vector<std::uint8_t> has;

    void reserve(std::size_t documents, std::size_t dimension);
    // Zeros for a vector of another dimension.
    void add(std::span<const Fixed> vector, std::size_t dimension);
    std::size_t memory_bytes() const { return values.capacity() * sizeof(Fixed) + has.capacity(); }
  };

  void add(const DocumentEmbedding* embedding);

  std::size_t dimension_ = 0;
  Rows texts_;
  Rows descriptions_;
};

}  // namespace mcpo::search
