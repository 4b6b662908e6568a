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

// Sentences, clauses and what an encoder gets are of the first so many bytes.
inline constexpr std::size_t kMaxUnitBytes = 8192;

struct Request {
  std::string text;                    // description and keywords, bounded()
  bool is_cut = false;                 // `text` is not all of them
  std::vector<std::string> sentences;  // of the description; empty when there are fewer than two
  std::vector<std::string> clauses;    // likewise, of the sentences; each once
};

Request read_request(const Query& query);

// At most kMaxQueryBytes: of a longer text three quarters of that from its beginning, the rest from
// its end, a line end between them, without words that were cut.
std::string bounded(std::string_view text);
// At most the first `size` bytes, cut before a character.
std::string_view leading(std::string_view text, std::size_t size);

// Ends after `. ! ? ;` before white space, and at line ends. Sentences of fewer than
// kMinSentenceWords are left out, those after kMaxSentences too.
std::vector<std::string> sentences_of(std::string_view text);

// Appends the clauses of a sentence: what is between commas, semicolons and "also", "and then",
// "as well as", where that has kMinClauseTerms or more.
void append_clauses(std::string_view sentence, std::vector<std::string>& out);

}  // namespace mcpo::search
