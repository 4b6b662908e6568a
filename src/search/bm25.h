// BM25F, formulas only (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009). A term's
// counts in the fields are added up, weighted and normalised by the fields' lengths, before they
// saturate.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "search/engine.h"

namespace mcpo::search {

struct FieldParameters {
  double weight;
  double length_share;  // b: 0: length does not matter, 1: counts are relative to the length
};

// In the order of Field. Measured on six labelled sets of requests; half or twice a constant
// changes little. A title mostly says the name again, in words.
inline constexpr std::array<FieldParameters, kFieldCount> kFieldParameters = {{
    {3.0, .3},   // name
    {1.5, .3},   // server
    {1.0, .3},   // title
    {1.0, .75},  // description
    {.6, .3},    // parameter names
    {.5, .3},    // parameter texts
    {.3, .75},   // server description
}};
inline constexpr double kSaturation = 1.2;  // k1
inline constexpr double kSynonymWeight = .2;
// Each word of an abbreviation's long form, and the short form of words that all stand there.
inline constexpr double kAbbreviationWeight = .5;
// An unknown word, read as the known one that is most like it.
inline constexpr double kRespelledWeight = .5;
// Words of what the request does not want.
inline constexpr double kUnwantedShare = .3;

// idf = ln(1 + (N - df + .5) / (df + .5))
inline double inverse_document_frequency(std::size_t documents, std::size_t with_term) {
  const auto n = static_cast<double>(documents);
  const auto df = static_cast<double>(with_term);
  return std::log(1 + (n - df + .5) / (df + .5));
}

// What one occurrence in a field counts: W / (1 - b + b * length / average)
inline double occurrence_weight(const FieldParameters& field, double length, double average) {
  const double b = field.length_share;
  return field.weight / std::max(1 - b + b * length / std::max(average, 1e-9), 1e-9);
}

// x * (k1 + 1) / (k1 + x), for x = the sum over the fields of occurrence_weight * count
inline double saturated(double x) { return x * (kSaturation + 1) / (kSaturation + x); }

// A word that a request repeats counts more, but not as often: sqrt(min(count, 3))
inline double request_weight(std::size_t count) {
  return std::sqrt(static_cast<double>(std::min<std::size_t>(count, 3)));
}

}  // namespace mcpo::search
