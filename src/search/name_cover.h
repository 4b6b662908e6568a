// How well a request covers a tool's name, token by token (late interaction on the name alone):
// "create_issue" is covered when something in the request means "create" and something "issue".
//   cover = sum_j idf_j * max_i cos(request token i, name token j) / sum_j idf_j
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "search/dot_product.h"
#include "search/embedding.h"

namespace mcpo::search {

// Immutable.
class NameRows {
 public:
  explicit NameRows(std::span<const Part> parts);

  // -1..1; nothing when the document or the request has no rows, or they do not compare.
  std::optional<float> cover(DocId doc, const RequestEmbedding& request) const;

  std::size_t memory_bytes() const;

 private:
  std::vector<std::shared_ptr<const DocumentEmbedding>> embeddings_;  // empty: none has any
  std::vector<float> idf_;  // of each row, document by document
  std::vector<std::uint32_t> idf_ends_;
};

}  // namespace mcpo::search
