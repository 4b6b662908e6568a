// Small tables: words that say nothing, and words that people and tools use for the same thing.
#pragma once

#include <span>
#include <string_view>

namespace mcpo::search {

// `word` in lower case, not stemmed.
bool is_stop_word(std::string_view word);

// Each class is a list of words, space separated and not stemmed. A word whose stem stands in
// several classes belongs to the first.
std::span<const std::string_view> synonym_classes();

// What is written short and long: "pr" and "pull request".
struct Abbreviation {
  std::string_view word;       // in lower case, not stemmed
  std::string_view expansion;  // words, space separated and not stemmed
};
std::span<const Abbreviation> abbreviations();

}  // namespace mcpo::search
