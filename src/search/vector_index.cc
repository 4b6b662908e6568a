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
  rows_.reserve(size * dimension_);
  has_.reserve(size);
  for (const Part& part : parts) {
    for (std::size_t i = 0; i < part.documents->size(); ++i) {
      add(i < part.embeddings.size() ? part.embeddings[i].get() : nullptr);
    }
  }
}

void VectorIndex::add(const DocumentEmbedding* embedding) {
  if (embedding != nullptr && embedding->vector.size() == dimension_) {
    has_.push_back(append_fixed(embedding->vector, rows_) ? 1 : 0);
  } else {
    rows_.resize(rows_.size() + dimension_);
    has_.push_back(0);
  }
}

void VectorIndex::cosines(std::span<const float> vector, std::vector<float>& out) const {
  thread_local std::vector<Fixed> fixed;
  fixed.clear();
  append_fixed(vector, fixed);
  out.resize(has_.size());
  std::array<std::int32_t, kBlock> products{};
  for (std::size_t begin = 0; begin < out.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, out.size() - begin);
    dot_rows(std::span(rows_).subspan(begin * dimension_, count * dimension_), fixed,
             std::span(products).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      out[begin + i] = static_cast<float>(products[i]) * (1 / (kFixedOne * kFixedOne));
    }
  }
}

}  // namespace mcpo::search
