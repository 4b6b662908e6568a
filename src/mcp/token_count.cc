// cl100k_base cuts text into pieces (words with one leading sign, up to three digits, runs of
// signs, runs of space) and each piece into tokens by a table of 100,000 merges. We cut the same
// pieces and guess the tokens of each from its length; the constants were fitted on 2,000 tool
// definitions of real servers. Text in other scripts is counted by character only.
#include "mcp/token_count.h"

#include <cstddef>

namespace mcpo::mcp {
namespace {

constexpr std::int64_t kUnit = 16;  // sums are sixteenths of a token

enum class CharClass { lower, upper, digit, space, line_end, sign, beyond_ascii };

CharClass classify(char c) {
  if (c >= 'a' && c <= 'z') return CharClass::lower;
  if (c >= 'A' && c <= 'Z') return CharClass::upper;
  if (c >= '0' && c <= '9') return CharClass::digit;
  if (c == '\n' || c == '\r') return CharClass::line_end;
  if (c == ' ' || c == '\t' || c == '\v' || c == '\f') return CharClass::space;
  return static_cast<unsigned char>(c) >= 0x80 ? CharClass::beyond_ascii : CharClass::sign;
}

bool is_letter(CharClass c) { return c == CharClass::lower || c == CharClass::upper; }

class Estimate {
 public:
  explicit Estimate(std::string_view text) : text_(text) {}

  std::int64_t tokens() {
    while (at_ < text_.size()) {
      switch (classify(text_[at_])) {
        case CharClass::lower:
        case CharClass::upper:
          word(0);
          break;
        case CharClass::digit:
          sum_ += kUnit * ((static_cast<std::int64_t>(run(CharClass::digit)) + 2) / 3);
          break;
        case CharClass::beyond_ascii:
          foreign();
          break;
        case CharClass::space:
        case CharClass::line_end:
          space();
          break;
        case CharClass::sign:
          signs();
          break;
      }
    }
    return (sum_ + kUnit / 2) / kUnit;
  }

 private:
  bool letter_at(std::size_t i) const { return i < text_.size() && is_letter(classify(text_[i])); }

  std::size_t run(CharClass wanted) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && classify(text_[at_]) == wanted) ++at_;
    return at_ - begin;
  }

  // A word of several humps (camelCase) costs about one token a hump.
  void word(std::int64_t extra) {
    sum_ += extra;
    while (letter_at(at_)) {
      const std::size_t capitals = run(CharClass::upper);
      const auto length = static_cast<std::int64_t>(capitals + run(CharClass::lower));
      sum_ += kUnit;
      if (capitals > 2) sum_ += kUnit / 4;
      if (length > 8) sum_ += length <= 12 ? kUnit / 8 : (length - 8) * kUnit / 4;
    }
  }

  void foreign() {
    const auto lead = static_cast<unsigned char>(text_[at_++]);
    if (lead >= 0xf0) {
      sum_ += 2 * kUnit + kUnit / 2;
    } else if (lead >= 0xe0) {
      sum_ += kUnit + kUnit / 8;
    } else if (lead >= 0xc0) {
      sum_ += kUnit * 5 / 8;
    }  // else: a continuation byte, counted with its lead
  }

  // All but the last space before a word are one token; the last belongs to the word.
  void space() {
    const std::size_t begin = at_;
    bool has_line_end = false;
    while (at_ < text_.size()) {
      const CharClass c = classify(text_[at_]);
      if (c != CharClass::space && c != CharClass::line_end) break;
      has_line_end |= c == CharClass::line_end;
      ++at_;
    }
    const bool joins = at_ < text_.size() && classify(text_[at_ - 1]) == CharClass::space &&
                       classify(text_[at_]) != CharClass::digit;
    if (at_ - begin > (joins ? 1U : 0U) || has_line_end) sum_ += kUnit;
  }

  void signs() {
    if (letter_at(at_ + 1)) {
      ++at_;
      word(kUnit / 4);
      return;
    }
    const auto length = static_cast<std::int64_t>(run(CharClass::sign));
    sum_ += kUnit;
    if (length > 4) sum_ += (length - 4) * kUnit * 7 / 8;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::int64_t sum_ = 0;
};

}  // namespace

std::int64_t estimate_tokens(std::string_view text) { return Estimate(text).tokens(); }

}  // namespace mcpo::mcp
