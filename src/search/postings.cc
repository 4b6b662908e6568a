#include "search/postings.h"

#include <algorithm>

namespace mcpo::search {

Postings::Postings(std::span<const std::uint32_t> counts) {
  next_.reserve(counts.size());
  std::uint32_t begin = 0;
  for (const std::uint32_t count : counts) {
    next_.push_back(begin);
    begin += count;
  }
  postings_.resize(begin);
}

void DenseScores::reset(std::size_t documents) {
  if (scores_.size() == documents) {
    for (const DocId doc : touched()) scores_[doc] = 0;
  } else {
    scores_.assign(documents, 0);
    touched_.assign(documents + 1, 0);
  }
  touched_count_ = 0;
}

void DenseScores::add(std::span<const Posting> postings, float weight) {
  float* const scores = scores_.data();
  DocId* const touched = touched_.data();
  std::size_t count = touched_count_;
  for (const Posting& posting : postings) {
    float& score = scores[posting.doc];
    // Without a branch: whether a document is new can hardly be predicted.
    touched[count] = posting.doc;
    count += score == 0 ? 1 : 0;
    score += weight * posting.worth;
  }
  touched_count_ = count;
}

float DenseScores::best() const {
  float best = 0;
  for (const DocId doc : touched()) best = std::max(best, scores_[doc]);
  return best;
}

}  // namespace mcpo::search
