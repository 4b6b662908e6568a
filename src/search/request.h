// A query as the units that are scored: the whole text, and its sentences when it has several.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/engine.h"

namespace mcpo::search {

inline constexpr std::size_t kMaxSentences = 16;
inline constexpr std::size_t kMinSentenceWords = 3;

struct Request {
  std::string text;                    // description and keywords, at most kMaxQueryBytes
  std::vector<std::string> sentences;  // of the description; empty when there are fewer than two

  // 0: the whole, 1..: a sentence.
  std::string_view unit(std::size_t number) const {
    return number == 0 ? text : sentences[number - 1];
  }
};

Request read_request(const Query& query);

// Ends after `. ! ? ;` before white space, and at line ends. Sentences of fewer than
// kMinSentenceWords are left out, those after kMaxSentences too.
std::vector<std::string> sentences_of(std::string_view text);

}  // namespace mcpo::search
