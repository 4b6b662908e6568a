// The lexical arm: BM25F over the fields of documents, with a small table of synonyms. It knows
// words; visibility, sentences, exact names and other arms are the engine's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "search/engine.h"
#include "search/postings.h"
#include "search/prepared.h"
#include "search/term_table.h"

namespace mcpo::search {

struct RequestTerm {
  std::uint32_t term = 0;
  float weight = 0;              // above 0
  std::uint32_t word = kNoTerm;  // a synonym: the request's own term that brought it in
};

// Immutable, so any number of threads may use it.
class LexicalIndex {
 public:
  using Parts = std::vector<std::shared_ptr<const PreparedDocuments>>;

  explicit LexicalIndex(Parts parts);

  std::size_t size() const { return size_; }
  const Parts& parts() const { return parts_; }
  std::string_view term_text(std::uint32_t term) const { return term_texts_[term]; }
  std::size_t term_count() const { return term_texts_.size(); }

  // Of a document's name and description: a set (bigrams.h).
  std::span<const std::uint32_t> bigrams(DocId doc) const {
    const Place place = place_of(doc);
    return place.part->bigrams(place.local);
  }

  // Terms that the index has, each once: words of the text in order; then long and short forms of
  // abbreviations; for words that it does not have those most like them; then synonyms.
  std::vector<RequestTerm> request_terms(std::string_view text) const;

  // For the text's words that the index does not have: the most similar words that it has, if they
  // differ by a letter or two. Looks through all words; for requests that found nothing.
  std::vector<RequestTerm> respelled_terms(std::string_view text) const;

  // For the text's first words the index's that have half of their pairs of letters in common with
  // them, or more. Looks through all words; the last resort.
  std::vector<RequestTerm> lookalike_terms(std::string_view text) const;

  // Sums weight * idf * saturated(x) into `scores`, which must be reset to size().
  void add_scores(std::span<const RequestTerm> terms, DenseScores& scores) const;

  // What each field gave to the score of one document, per term that it has.
  struct Match {
    RequestTerm term;
    std::array<double, kFieldCount> shares{};
  };
  std::vector<Match> explain(std::span<const RequestTerm> terms, DocId doc) const;

  std::size_t memory_bytes() const;

 private:
  using FieldNumbers = std::array<double, kFieldCount>;
  struct Place {
    const PreparedDocuments* part;
    std::size_t local;
  };

  std::vector<std::vector<std::uint32_t>> number_terms();
  FieldNumbers average_lengths() const;
  FieldNumbers occurrence_weights(const PreparedDocuments& part, std::size_t doc) const;
  void fill_postings(const std::vector<std::vector<std::uint32_t>>& numbers);
  void place_synonyms();
  void place_abbreviations();
  void place_spellings();
  void weaken_unwanted(std::string_view text, std::vector<RequestTerm>& terms) const;
  void append_abbreviations(const std::vector<std::string>& unknown,
                            std::vector<RequestTerm>& terms) const;
  void append_respelled(const std::vector<std::string>& unknown,
                        std::vector<RequestTerm>& terms) const;
  void append_synonyms(std::vector<RequestTerm>& terms) const;
  std::uint32_t find_spelling(std::string_view word) const;
  std::uint32_t find_term(std::string_view text) const;
  Place place_of(DocId doc) const;  // below size()

  Parts parts_;
  std::vector<DocId> part_begins_;
  std::size_t size_ = 0;
  TermTable terms_;
  std::vector<std::string_view> term_texts_;  // in the parts
  std::vector<double> idf_;
  FieldNumbers average_lengths_{};
  Postings postings_;
  std::vector<std::uint16_t> synonym_class_;               // by term
  std::vector<std::vector<std::uint32_t>> class_members_;  // terms, in the order of the table
  // Of which both forms can matter here.
  struct PlacedAbbreviation {
    std::string term;                      // stemmed
    std::uint32_t number;                  // kNoTerm: not in the index
    std::vector<std::uint32_t> expansion;  // those of its words that the index has
    bool is_whole;                         // it has them all
  };
  std::vector<PlacedAbbreviation> abbreviations_;
  // By first byte, then length: where a word that is nearly `x` is looked for.
  std::vector<std::uint32_t> spellings_;
};

}  // namespace mcpo::search
