#include "search/unwanted.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace mcpo::search {
namespace {

constexpr std::size_t kMaxWords = 4;

bool is_part_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\'' ||
         c == '_' || c == '-' || static_cast<unsigned char>(c) >= 128;
}

struct Word {
  std::string_view text;
  bool ends_clause = false;  // punctuation follows
};

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_part_of_word(text[end])) ++end;
    if (end > at) out.push_back({text.substr(at, end - at)});
    if (end < text.size() && !out.empty() &&
        std::string_view(".,;:!?()\n").find(text[end]) != std::string_view::npos) {
      out.back().ends_clause = true;
    }
    at = std::max(end, at + 1);
  }
  return out;
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(words, [&](auto one) { return iequals_ascii(word, one); });
}

class Finder {
 public:
  explicit Finder(std::string_view text) : words_(words_of(text)) {}

  std::string unwanted() const {
    std::string out;
    for (std::size_t i = 0; i < words_.size();) {
      const std::size_t cue = cue_length(i);
      i += std::max<std::size_t>(cue, 1);
      if (cue > 0 && !words_[i - 1].ends_clause) append_span(i, out);
    }
    return out;
  }

 private:
  std::string_view word(std::size_t i) const {
    return i < words_.size() ? words_[i].text : std::string_view();
  }
  bool is(std::size_t i, std::string_view wanted) const { return iequals_ascii(word(i), wanted); }

  // How many words at `i` say that what follows is not wanted; 0: none.
  std::size_t cue_length(std::size_t i) const {
    constexpr std::array<std::string_view, 4> kAlone = {"without", "except", "excluding", "avoid"};
    if (is_one_of(word(i), kAlone)) return 1;
    if (is(i, "instead") && is(i + 1, "of")) return 2;
    if (is(i, "rather") && is(i + 1, "than")) return 2;
    if (is(i, "but") && is(i + 1, "not")) return 2;
    if (is(i, "don't") || is(i, "never")) return is_order(i, i + 1) ? 1 : 0;
    if (is(i, "do") && is(i + 1, "not")) return is_order(i, i + 2) ? 2 : 0;
    return 0;
  }

  // "don't delete it", not "I don't see it" nor "don't forget it".
  bool is_order(std::size_t cue, std::size_t verb) const {
    constexpr std::array<std::string_view, 9> kSubjects = {"i",   "we",   "you",   "they", "he",
                                                           "she", "that", "which", "who"};
    constexpr std::array<std::string_view, 10> kOthers = {
        "forget", "worry", "know", "have", "want", "need", "mind", "hesitate", "miss", "let"};
    if (cue > 0 && is_one_of(word(cue - 1), kSubjects)) return false;
    return verb < words_.size() && !is_one_of(word(verb), kOthers);
  }

  void append_span(std::size_t i, std::string& out) const {
    constexpr std::array<std::string_view, 5> kEnds = {"but", "and", "just", "only", "then"};
    for (std::size_t count = 0; count < kMaxWords && i < words_.size(); ++count, ++i) {
      if (is_one_of(word(i), kEnds)) break;
      out += word(i);
      out += ' ';
      if (words_[i].ends_clause) break;
    }
    out += '\n';
  }

  std::vector<Word> words_;
};

}  // namespace

std::string unwanted_text(std::string_view text) { return Finder(text).unwanted(); }

}  // namespace mcpo::search
