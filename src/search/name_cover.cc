#include "search/name_cover.h"

#include <algorithm>

#include "search/bm25.h"
#include "search/prepared.h"

namespace mcpo::search {
namespace {

// Vocabularies are smaller. What is above is counted as seen nowhere else.
constexpr std::uint32_t kMaxPiece = 1 << 20;

using Embeddings = std::vector<std::shared_ptr<const DocumentEmbedding>>;

Embeddings embeddings_of(std::span<const Part> parts) {
  Embeddings out;
  bool has_any = false;
  for (const Part& part : parts) {
    for (std::size_t i = 0; i < part.documents->size(); ++i) {
      out.push_back(i < part.embeddings.size() ? part.embeddings[i] : nullptr);
      has_any = has_any || out.back();
    }
  }
  if (!has_any) out = {};
  return out;
}

// By piece: documents that have it.
std::vector<std::uint32_t> count_pieces(const Embeddings& embeddings) {
  std::vector<std::uint32_t> out;
  for (const auto& embedding : embeddings) {
    if (!embedding) continue;
    for (const std::uint32_t piece : embedding->pieces) {
      if (piece >= kMaxPiece) continue;
      if (piece >= out.size()) out.resize(piece + 1);
      ++out[piece];
    }
  }
  return out;
}

// Whether there is one row per piece, and all of it is there.
bool is_whole(const DocumentEmbedding& embedding) {
  const QuantizedRows& rows = embedding.name_rows;
  return rows.scales.size() == embedding.name_pieces.size() &&
         rows.values.size() == rows.dimension * rows.scales.size();
}

}  // namespace

NameRows::NameRows(std::span<const Part> parts) : embeddings_(embeddings_of(parts)) {
  const auto counts = count_pieces(embeddings_);
  const auto known =
      static_cast<std::size_t>(std::ranges::count_if(embeddings_, [](auto& e) { return !!e; }));
  idf_ends_.reserve(embeddings_.size());
  for (const auto& embedding : embeddings_) {
    if (embedding && is_whole(*embedding)) {
      for (const std::uint32_t piece : embedding->name_pieces) {
        const std::size_t count = piece < counts.size() ? counts[piece] : 0;
        idf_.push_back(static_cast<float>(inverse_document_frequency(known, count)));
      }
    }
    idf_ends_.push_back(static_cast<std::uint32_t>(idf_.size()));
  }
}

std::optional<float> NameRows::cover(DocId doc, const RequestEmbedding& request) const {
  const std::size_t dimension = request.vector.size();
  if (embeddings_.empty() || !embeddings_[doc] || request.rows.empty()) return std::nullopt;
  const QuantizedRows& rows = embeddings_[doc]->name_rows;
  const std::size_t begin = doc == 0 ? 0 : idf_ends_[doc - 1];
  const std::size_t count = idf_ends_[doc] - begin;
  if (count == 0 || rows.dimension != dimension) return std::nullopt;
  if (request.rows.size() % dimension != 0) return std::nullopt;
  thread_local std::vector<Fixed> row;
  thread_local std::vector<std::int32_t> products;
  products.resize(request.rows.size() / dimension);
  float sum = 0;
  float weights = 0;
  for (std::size_t j = 0; j < count; ++j) {
    const auto values = std::span(rows.values).subspan(j * dimension, dimension);
    row.assign(values.begin(), values.end());
    dot_rows(request.rows, row, products);
    const auto best = static_cast<float>(*std::ranges::max_element(products));
    sum += idf_[begin + j] * best * rows.scales[j] / kFixedOne;
    weights += idf_[begin + j];
  }
  return weights > 0 ? sum / weights : 0;
}

std::size_t NameRows::memory_bytes() const {
  std::size_t bytes = (idf_.capacity() + idf_ends_.capacity()) * 4;
  for (const auto& embedding : embeddings_) {
    if (!embedding) continue;
    bytes += sizeof(DocumentEmbedding) + embedding->name_rows.values.capacity() +
             sizeof(Fixed) * (embedding->vector.capacity() + embedding->description.capacity()) +
             4 * (embedding->pieces.capacity() + embedding->name_pieces.capacity() +
                  embedding->name_rows.scales.capacity());
  }
  return bytes;
}

}  // namespace mcpo::search
