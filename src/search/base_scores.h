// First step of a ranking: every document's score by both arms, for the whole request and for each
// of its sentences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search/embedding.h"
#include "search/fusion.h"
#include "search/lexical_index.h"
#include "search/request.h"
#include "search/vector_index.h"

namespace mcpo::search {

struct Arms {
  const LexicalIndex& lexical;
  const VectorIndex& vectors;
};

// Arrays as long as there are documents, to be kept and used again. Not thread-safe.
class BaseScores {
 public:
  // `share` is the semantic arm's. 0, or a query without an embedding that compares: the lexical
  // arm alone, which costs as much as there are documents with a word of the request.
  void compute(const Arms& arms, const Request& request, const Query& query, float share);

  bool is_hybrid() const { return share_ > 0; }
  float share() const { return share_; }

  // Documents that the request finds, ascending or not.
  std::span<const DocId> found() const { return found_; }
  // By document; 0 for what was not found.
  std::span<const float> scores() const { return scores_; }
  float operator[](DocId doc) const { return scores_[doc]; }
  // The best sentence's cosine, scaled; the whole request's where it is one sentence. 0: lexical.
  float sentence_cosine(DocId doc) const;
  // Visible, without a word of the request, and further away than the query's threshold; ascending.
  std::span<const DocId> too_far() const { return too_far_; }
  // The best unit's cosine of a visible document; -1: none.
  float nearest(DocId doc) const { return is_hybrid() ? nearest_[doc] : -1; }

  // For explanations. Unit 0 is the whole request, others its sentences (its clauses, by words
  // alone).
  std::string_view text_of(const Request& request, std::size_t unit) const {
    return unit == 0 ? request.text : parts_of(request)[unit - 1];
  }
  // What the whole has in the sum; the best part has the rest.
  float whole_share(const Request& request) const;
  // The part that counts for a document; 0: none.
  std::size_t best_part(DocId doc) const { return best_unit_[doc]; }
  // One unit once more, for all documents: sets what of_unit() says. Only between a compute() and
  // the next, with the same arguments.
  void compute_unit(const Arms& arms, const Request& request, const Query& query, std::size_t unit);
  ArmScores of_unit(const Arms& arms, DocId doc) const {
    return arm_scores(arms, doc, unit_best_, unit_range_);
  }
  float unit_best() const { return unit_best_; }  // the score that is 1 in `lexical`

 private:
  void reset(std::size_t documents);
  const std::vector<std::string>& parts_of(const Request& request) const {
    return is_hybrid() ? request.sentences : request.clauses;
  }
  float score_words(const Arms& arms, std::string_view text, const Query& query);
  void score_lexical(const Arms& arms, const Request& request, const Query& query);
  void score_hybrid(const Arms& arms, const Request& request, const Query& query);
  Range score_cosines(const Arms& arms, std::span<const Fixed> vector);
  ArmScores arm_scores(const Arms& arms, DocId doc, float lexical_best, Range cosines) const;
  void collect_found(const Arms& arms, float distance_threshold);

  float share_ = 0;
  float unit_best_ = 0;         // of compute_unit()
  Range unit_range_;            // likewise
  DenseScores words_;           // of one unit, not scaled
  std::vector<float> cosines_;  // of one unit
  std::vector<float> scores_;
  std::vector<float> sentence_;  // best h of a sentence
  std::vector<std::uint8_t> best_unit_;
  std::vector<DocId> found_;
  // Only when hybrid:
  std::vector<DocId> visible_;
  std::vector<float> nearest_;          // best cosine of a unit
  std::vector<float> sentence_cosine_;  // scaled
  std::vector<std::uint8_t> has_word_;
  std::vector<DocId> too_far_;
};

}  // namespace mcpo::search
