#include "search/base_scores.h"

#include <algorithm>

namespace mcpo::search {
namespace {

// Null for a sentence that the embedder did not see as one.
const std::vector<Fixed>* vector_of(const RequestEmbedding& embedding, std::size_t unit) {
  if (unit == 0) return &embedding.vector;
  return unit <= embedding.sentences.size() ? &embedding.sentences[unit - 1] : nullptr;
}

}  // namespace

void BaseScores::reset(std::size_t documents) {
  scores_.assign(documents, 0);
  sentence_.assign(documents, 0);
  best_unit_.assign(documents, 0);
  found_.clear();
  too_far_.clear();
}

void BaseScores::compute(const Arms& arms, const Request& request, const Query& query,
                         float share) {
  const bool compares = query.embedding && arms.vectors.dimension() > 0 &&
                        query.embedding->vector.size() == arms.vectors.dimension();
  share_ = compares ? share : 0;
  reset(arms.lexical.size());
  if (share_ > 0) {
    score_hybrid(arms, request, query);
  } else {
    score_lexical(arms, request, query);
  }
}

// Fills words_ with the visible documents' scores; returns the best.
float BaseScores::score_words(const Arms& arms, std::string_view text, const Query& query) {
  words_.reset(arms.lexical.size());
  arms.lexical.add_scores(arms.lexical.request_terms(text), words_);
  if (query.visible) words_.keep_if(query.visible);
  return words_.best();
}

float BaseScores::whole_share(const Request& request) const {
  if (parts_of(request).empty()) return 1;
  return 1 - (is_hybrid() ? kSentenceShare : kClauseShare);
}

void BaseScores::score_lexical(const Arms& arms, const Request& request, const Query& query) {
  const float best = score_words(arms, request.text, query);
  const float share = whole_share(request);
  for (const DocId doc : words_.touched()) {
    scores_[doc] = share * (words_[doc] / best);
    found_.push_back(doc);
  }
  for (std::size_t unit = 1; unit <= request.clauses.size(); ++unit) {
    const float best_of_clause = score_words(arms, text_of(request, unit), query);
    for (const DocId doc : words_.touched()) {
      const float score = words_[doc] / best_of_clause;
      if (score <= sentence_[doc]) continue;
      sentence_[doc] = score;
      best_unit_[doc] = static_cast<std::uint8_t>(unit);
    }
  }
  for (const DocId doc : found_) scores_[doc] += (1 - share) * sentence_[doc];
}

Range BaseScores::score_cosines(const Arms& arms, std::span<const Fixed> vector) {
  arms.vectors.cosines(vector, cosines_);
  Range range;
  for (const DocId doc : visible_) {
    if (arms.vectors.has(doc)) range.include(cosines_[doc]);
  }
  return range;
}

// A document that was not encoded yet is taken to be as near as its words are.
ArmScores BaseScores::arm_scores(const Arms& arms, DocId doc, float lexical_best,
                                 Range cosines) const {
  const float lexical = lexical_best > 0 ? words_[doc] / lexical_best : 0;
  return {lexical, arms.vectors.has(doc) ? cosines.scaled(cosines_[doc]) : lexical};
}

void BaseScores::score_hybrid(const Arms& arms, const Request& request, const Query& query) {
  const std::size_t size = arms.lexical.size();
  visible_.clear();
  for (DocId doc = 0; doc < size; ++doc) {
    if (!query.visible || query.visible(doc)) visible_.push_back(doc);
  }
  nearest_.assign(size, -1);
  sentence_cosine_.assign(size, 0);
  has_word_.assign(size, 0);
  for (std::size_t unit = 0; unit <= request.sentences.size(); ++unit) {
    const auto* vector = vector_of(*query.embedding, unit);
    if (vector == nullptr || vector->size() != arms.vectors.dimension()) continue;
    const float best = score_words(arms, text_of(request, unit), query);
    for (const DocId doc : words_.touched()) has_word_[doc] = 1;
    const Range range = score_cosines(arms, *vector);
    for (const DocId doc : visible_) {
      const ArmScores arm = arm_scores(arms, doc, best, range);
      const float fused = arm.fused(share_);
      if (arms.vectors.has(doc)) nearest_[doc] = std::max(nearest_[doc], cosines_[doc]);
      if (unit == 0) {
        scores_[doc] = fused;
        sentence_cosine_[doc] = request.sentences.empty() ? arm.semantic : 0;
        continue;
      }
      sentence_cosine_[doc] = std::max(sentence_cosine_[doc], arm.semantic);
      if (fused <= sentence_[doc]) continue;
      sentence_[doc] = fused;
      best_unit_[doc] = static_cast<std::uint8_t>(unit);
    }
  }
  const float whole = whole_share(request);
  for (const DocId doc : visible_) {
    scores_[doc] = whole * scores_[doc] + (1 - whole) * sentence_[doc];
  }
  collect_found(arms, static_cast<float>(query.distance_threshold));
}

void BaseScores::collect_found(const Arms& arms, float distance_threshold) {
  for (const DocId doc : visible_) {
    const bool by_words = has_word_[doc] != 0 && (share_ < 1 || !arms.vectors.has(doc));
    const bool by_meaning = arms.vectors.has(doc) && 1 - nearest_[doc] <= distance_threshold;
    if (by_words || by_meaning) {
      found_.push_back(doc);
    } else if (arms.vectors.has(doc)) {
      too_far_.push_back(doc);
      scores_[doc] = 0;
    }
  }
}

float BaseScores::sentence_cosine(DocId doc) const {
  return is_hybrid() ? sentence_cosine_[doc] : 0;
}

void BaseScores::compute_unit(const Arms& arms, const Request& request, const Query& query,
                              std::size_t unit) {
  unit_best_ = score_words(arms, text_of(request, unit), query);
  unit_range_ = {};
  if (is_hybrid()) unit_range_ = score_cosines(arms, *vector_of(*query.embedding, unit));
  if (!is_hybrid()) cosines_.assign(arms.lexical.size(), 0);
}

}  // namespace mcpo::search
