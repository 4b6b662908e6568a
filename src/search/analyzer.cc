#include "search/analyzer.h"

#include <libstemmer.h>

#include <algorithm>

#include "base/ascii.h"
#include "search/word_lists.h"

namespace mcpo::search {
namespace {

// A catalog of 10,000 tools has about 20,000 words; requests must not let it grow without end.
constexpr std::size_t kMaxCachedWords = 65'536;

}  // namespace

void Analyzer::DeleteStemmer::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

Analyzer::Analyzer() : stemmer_(sb_stemmer_new("porter", "UTF_8")) {}

const std::string& Analyzer::term_of(std::string_view word) {
  const auto known = terms_.find(word);
  if (known != terms_.end()) return known->second;
  std::string term = is_stop_word(word) ? std::string() : stem(word);
  return terms_.emplace(word, std::move(term)).first->second;
}

std::string Analyzer::stem(std::string_view word) {
  if (word.size() < 3 || !stemmer_ || !std::ranges::all_of(word, is_letter)) {
    return std::string(word);
  }
  const sb_symbol* stemmed =
      sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                      static_cast<int>(word.size()));
  if (stemmed == nullptr) return std::string(word);
  return {reinterpret_cast<const char*>(stemmed),
          static_cast<std::size_t>(sb_stemmer_length(stemmer_.get()))};
}

void Analyzer::forget_when_full() {
  if (terms_.size() > kMaxCachedWords) terms_.clear();
}

Analyzer& thread_analyzer() {
  thread_local Analyzer analyzer;
  return analyzer;
}

}  // namespace mcpo::search
