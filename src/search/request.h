// A query as the units that are scored: the whole text, and its sentences when it has several.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/engine.h"

namespace mcpo::search {

inline constexpr std::size_t kMaxSentences = 16;
inline constexpr std::size_t kMinSentenceWords = 3;
inline constexpr std::size_t kMinClauseTerms = 2;

struct Request {
  std::string text;                    // description and keywords, at most kMaxQueryBytes
  std::vector<std::string> sentences;  // of the description; empty when there are fewer than two
  std::vector<std::string> clauses;    // likewise, of the sentences; each once
};

Request read_request(const Query& query);

// Ends after `. ! ? ;` before white space, and at line ends. Sentences of fewer than
// kMinSentenceWords are left out, those after kMaxSentences too.
std::vector<std::string> sentences_of(std::string_view text);

// Appends the clauses of a sentence: what is between commas, semicolons and "also", "and then",
// "as well as", where that has kMinClauseTerms or more.
void append_clauses(std::string_view sentence, std::vector<std::string>& out);

}  // namespace mcpo::search
