#include "search/vector_index.h"

#include <algorithm>
#include <array>
#include <map>

#include "search/prepared.h"

namespace mcpo::search {
namespace {

constexpr std::size_t kBlock = 256;  // rows whose products are on the stack

// The one that most vectors have, so that a wrong one cannot switch the arm off; of several the
// smallest.
std::size_t usual_dimension(std::span<const Part> parts) {
  std::map<std::size_t, std::size_t> counts;
  for (const Part& part : parts) {
    for (const auto& embedding : part.embeddings) {
      if (embedding && !embedding->vector.empty()) ++counts[embedding->vector.size()];
    }
  }
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& one) { return one.second; });
  return most == counts.end() ? 0 : most->first;
}

}  // namespace

VectorIndex::VectorIndex(std::span<const Part> parts) : dimension_(usual_dimension(parts)) {
  if (dimension_ == 0) return;
  std::size_t size = 0;
  for (const Part& part : parts) size += part.documents->size();
  texts_.reserve(size, dimension_);
  descriptions_.reserve(size, dimension_);
  for (const Part& part : parts) {
    for (std::size_t i = 0; i < part.documents->size(); ++i) {
      add(i < part.embeddings.size() ? part.embeddings[i].get() : nullptr);
    }
  }
}

void VectorIndex::Rows::reserve(std::size_t documents, std::size_t dimension) {
  values.reserve(documents * dimension);
  has.reserve(documents);
}

void VectorIndex::Rows::add(std::span<const Fixed> vector, std::size_t dimension) {
  const bool compares = vector.size() == dimension;
  if (compares) values.insert(values.end(), vector.begin(), vector.end());
  if (!compares) values.resize(values.size() + dimension);
  has.push_back(compares ? 1 : 0);
}

void VectorIndex::add(const DocumentEmbedding* embedding) {
  static const DocumentEmbedding kNone;
  const DocumentEmbedding& one = embedding != nullptr ? *embedding : kNone;
  texts_.add(one.vector, dimension_);
  descriptions_.add(one.description, dimension_);
}

void VectorIndex::cosines(std::span<const Fixed> vector, std::vector<float>& out) const {
  out.resize(texts_.has.size());
  std::array<std::int32_t, kBlock> texts{};
  std::array<std::int32_t, kBlock> descriptions{};
  for (std::size_t begin = 0; begin < out.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, out.size() - begin);
    const auto products = [&](const Rows& rows, std::span<std::int32_t> block) {
      dot_rows(std::span(rows.values).subspan(begin * dimension_, count * dimension_), vector,
               block.first(count));
    };
    products(texts_, texts);
    products(descriptions_, descriptions);
    for (std::size_t i = 0; i < count; ++i) {
      const bool has_both = texts_.has[begin + i] != 0 && descriptions_.has[begin + i] != 0;
      const auto nearest = has_both ? std::max(texts[i], descriptions[i]) : texts[i];
      out[begin + i] = cosine_of(nearest);
    }
  }
}

}  // namespace mcpo::search
