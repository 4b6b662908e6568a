// For each term the documents that have it and what the term is worth in each, in one array; and
// the dense array in which a request's scores are summed up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search/engine.h"

namespace mcpo::search {

struct Posting {
  DocId doc = 0;
  float worth = 0;  // above 0
};

class Postings {
 public:
  // How many documents each term will have.
  explicit Postings(std::span<const std::uint32_t> counts);

  // Exactly as often as announced; documents of one term in ascending order.
  void add(std::uint32_t term, Posting posting) { postings_[next_[term]++] = posting; }

  std::span<const Posting> of(std::uint32_t term) const {
    const std::size_t begin = term == 0 ? 0 : next_[term - 1];
    return std::span(postings_).subspan(begin, next_[term] - begin);
  }
  std::size_t document_count(std::uint32_t term) const { return of(term).size(); }
  std::size_t memory_bytes() const {
    return postings_.capacity() * sizeof(Posting) + next_.capacity() * 4;
  }

 private:
  std::vector<Posting> postings_;
  std::vector<std::uint32_t> next_;  // once full, a term's next place is its end
};

// One score per document, 0 where nothing was added. Costs as much as there are documents added
// to, not as there are documents. To be kept and used again.
class DenseScores {
 public:
  // Before first use and when the number of documents changes. All scores become 0.
  void reset(std::size_t documents);

  // Adds weight * worth. weight is above 0.
  void add(std::span<const Posting> postings, float weight);
  float operator[](DocId doc) const { return scores_[doc]; }
  std::span<const DocId> touched() const { return std::span(touched_).first(touched_count_); }
  // Back to 0 and out of touched() for every touched document that `keep` refuses.
  template <class Keep>
  void keep_if(const Keep& keep) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < touched_count_; ++i) {
      const DocId doc = touched_[i];
      touched_[kept] = doc;
      keep(doc) ? static_cast<void>(++kept) : static_cast<void>(scores_[doc] = 0);
    }
    touched_count_ = kept;
  }
  float best() const;

 private:
  std::vector<float> scores_;
  std::vector<DocId> touched_;  // one longer than the documents: the next is written beforehand
  std::size_t touched_count_ = 0;
};

}  // namespace mcpo::search
