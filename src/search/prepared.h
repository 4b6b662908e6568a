// Documents cut into counted terms: what does not depend on the other documents of an index.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/engine.h"
#include "search/term_table.h"

namespace mcpo::search {

// A term of one document in one field. A document's occurrences are ordered by term, then field.
struct Occurrence {
  std::uint32_t term = 0;  // of the PreparedDocuments
  std::uint16_t count = 0;
  std::uint8_t field = 0;
};

class PreparedDocuments {
 public:
  explicit PreparedDocuments(const std::vector<Document>& documents);

  std::size_t size() const { return documents_.size(); }
  const std::string& name(std::size_t doc) const { return documents_[doc].name; }
  const std::string& server(std::size_t doc) const { return documents_[doc].server; }
  const std::array<std::uint32_t, kFieldCount>& lengths(std::size_t doc) const {
    return documents_[doc].lengths;
  }
  std::span<const Occurrence> occurrences(std::size_t doc) const {
    const std::size_t begin = doc == 0 ? 0 : documents_[doc - 1].end;
    return std::span(occurrences_).subspan(begin, documents_[doc].end - begin);
  }
  // Pairs of adjacent terms of name and description: a set (bigrams.h).
  std::span<const std::uint32_t> bigrams(std::size_t doc) const {
    const std::size_t begin = doc == 0 ? 0 : documents_[doc - 1].bigrams_end;
    return std::span(bigrams_).subspan(begin, documents_[doc].bigrams_end - begin);
  }

  // Terms in the order in which the documents first have them.
  std::size_t term_count() const { return terms_.size(); }
  std::string_view term(std::uint32_t number) const {
    const std::size_t begin = number == 0 ? 0 : term_ends_[number - 1];
    return std::string_view(term_text_).substr(begin, term_ends_[number] - begin);
  }
  std::uint64_t term_hash(std::uint32_t number) const { return terms_.hash(number); }

  std::size_t memory_bytes() const;

 private:
  struct Prepared {
    std::string name;
    std::string server;
    std::array<std::uint32_t, kFieldCount> lengths{};
    std::size_t end = 0;  // of its occurrences
    std::size_t bigrams_end = 0;
  };

  void add(const Document& document);
  void add_bigrams(const Document& document);
  std::uint32_t number_of(std::string_view term);

  std::vector<Prepared> documents_;
  std::vector<Occurrence> occurrences_;
  std::vector<std::uint32_t> bigrams_;
  TermTable terms_;
  std::string term_text_;
  std::vector<std::uint32_t> term_ends_;
  std::vector<std::uint64_t> scratch_;  // one document's (term, field) pairs
};

}  // namespace mcpo::search
