#include "search/prepared.h"

#include <algorithm>
#include <limits>

#include "search/analyzer.h"
#include "search/bigrams.h"

namespace mcpo::search {
namespace {

// In the order of Field.
std::array<std::string_view, kFieldCount> texts_of(const Document& document) {
  return {document.name,
          document.server,
          document.title,
          document.description,
          document.parameter_names,
          document.parameter_texts,
          document.server_description};
}

}  // namespace

PreparedDocuments::PreparedDocuments(const std::vector<Document>& documents) {
  documents_.reserve(documents.size());
  for (const Document& document : documents) add(document);
  occurrences_.shrink_to_fit();
  bigrams_.shrink_to_fit();
  scratch_ = {};
}

void PreparedDocuments::add(const Document& document) {
  Prepared& out = documents_.emplace_back();
  out.name = document.name;
  out.server = document.server;
  const auto texts = texts_of(document);
  scratch_.clear();
  for (std::size_t field = 0; field < kFieldCount; ++field) {
    const std::size_t before = scratch_.size();
    thread_analyzer().for_each_term(texts[field], [&](std::string_view term) {
      scratch_.push_back(std::uint64_t{number_of(term)} << 8 | field);
    });
    out.lengths[field] = static_cast<std::uint32_t>(scratch_.size() - before);
  }
  std::ranges::sort(scratch_);
  for (std::size_t i = 0; i < scratch_.size();) {
    std::size_t end = i;
    while (end < scratch_.size() && scratch_[end] == scratch_[i]) ++end;
    const auto count = std::min<std::size_t>(end - i, std::numeric_limits<std::uint16_t>::max());
    occurrences_.push_back({static_cast<std::uint32_t>(scratch_[i] >> 8),
                            static_cast<std::uint16_t>(count),
                            static_cast<std::uint8_t>(scratch_[i] & 0xff)});
    i = end;
  }
  out.end = occurrences_.size();
  add_bigrams(document);
  out.bigrams_end = bigrams_.size();
}

void PreparedDocuments::add_bigrams(const Document& document) {
  std::vector<std::uint32_t> set;
  append_bigrams(document.name, set);
  append_bigrams(document.description, set);
  make_set(set);
  bigrams_.insert(bigrams_.end(), set.begin(), set.end());
}

std::uint32_t PreparedDocuments::number_of(std::string_view text) {
  const std::uint32_t number = terms_.find_or_add(
      search::term_hash(text), [&](std::uint32_t known) { return term(known) == text; });
  if (number == term_ends_.size()) {
    term_text_ += text;
    term_ends_.push_back(static_cast<std::uint32_t>(term_text_.size()));
  }
  return number;
}

std::size_t PreparedDocuments::memory_bytes() const {
  std::size_t bytes = occurrences_.capacity() * sizeof(Occurrence) + term_text_.capacity() +
                      bigrams_.capacity() * 4 + term_ends_.capacity() * 4 + terms_.memory_bytes();
  for (const Prepared& one : documents_) {
    bytes += sizeof(Prepared) + one.name.capacity() + one.server.capacity();
  }
  return bytes;
}

std::shared_ptr<const PreparedDocuments> prepare(const std::vector<Document>& documents) {
  return std::make_shared<const PreparedDocuments>(documents);
}

}  // namespace mcpo::search
