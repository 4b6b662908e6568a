// Text to terms: words without stop words, stemmed by Porter's algorithm (1980). The same for tools
// and for requests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "search/tokenizer.h"

struct sb_stemmer;

namespace mcpo::search {

// Keeps stems that it has computed. Not thread-safe: thread_analyzer() gives each thread its own.
class Analyzer {
 public:
  Analyzer();

  // Calls sink(std::string_view term) for each term, in an order that depends on the text alone. A
  // term is good until the next call.
  template <class Sink>
  void for_each_term(std::string_view text, Sink sink) {
    forget_when_full();
    words_.clear();
    split_words(text, words_);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (const std::string& term = term_of(words_[i]); !term.empty()) sink(std::string_view(term));
    }
  }

  // Empty for a stop word. Good until the next for_each_term().
  const std::string& term_of(std::string_view word);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  struct DeleteStemmer {
    void operator()(sb_stemmer* stemmer) const;
  };

  void forget_when_full();
  std::string stem(std::string_view word);

  std::unique_ptr<sb_stemmer, DeleteStemmer> stemmer_;
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> terms_;  // by word
  Words words_;
};

Analyzer& thread_analyzer();

}  // namespace mcpo::search
