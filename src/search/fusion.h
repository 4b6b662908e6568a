// How two arms become one score. Pure formulas; measured: docs/design/search.md.
//   h(unit, doc) = (1 - share) * lexical / max + share * (cosine - min) / (max - min)
//   base(doc)    = h(whole), and with sentences half of that and half of the best sentence's h
// By words alone h is the lexical score, and clauses take the place of sentences.
// max and min are over the documents that may be seen.
#pragma once

#include <algorithm>

namespace mcpo::search {

inline constexpr float kSentenceShare = .5F;
// By words alone, the best clause's share. Clauses are finer than sentences and less certain.
inline constexpr float kClauseShare = .3F;

// Smallest and greatest of what was put in.
struct Range {
  float low = 1;
  float high = -1;

  void include(float x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  // 0..1 for x of the range; 0 where all are alike.
  float scaled(float x) const { return high > low ? (x - low) / (high - low) : 0; }
};

// What the arms say of one unit (the whole request, or one sentence), each scaled to 0..1.
struct ArmScores {
  float lexical = 0;
  float semantic = 0;
  float fused(float share) const { return (1 - share) * lexical + share * semantic; }
};

// Weights of the corrections on the head of the list. Corrections by an arm fade as its share
// does, so that no arm that is off has a say.
struct HeadWeights {
  float name_cover = 0;
  float server_best = .4F;
  float sentence_cosine = 0;
  float bigram = 0;  // for each, of at most kMaxBigrams
};
inline constexpr std::size_t kMaxBigrams = 3;

// What a call after an earlier request adds to the tool that was called.
inline constexpr float kUsageWeight = .5F;
// Requests that differ in all but the subject have a cosine of about .3: 0. The same request: 1.
inline float usage_nearness(float cosine) { return std::clamp((cosine - .3F) / .7F, 0.F, 1.F); }

// For a list by both arms. By the lexical arm alone the default weights are right: there bigrams
// do harm.
inline HeadWeights head_weights(float share) {
  const float semantic = std::min(1.F, 2 * share);
  const float lexical = std::min(1.F, 2 * (1 - share));
  return {.name_cover = .5F * semantic, .sentence_cosine = .3F * semantic, .bigram = .1F * lexical};
}

}  // namespace mcpo::search
