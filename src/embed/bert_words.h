// Text to words, as BERT's "basic tokenizer" has it: characters are cleaned, accents stripped,
// letters lowered, and words end at white space and at every punctuation and CJK character. One
// pass, one word in memory at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mcpo::embed {

struct BertRules {
  bool clean_text = true;     // drop control and format characters; all white space is the same
  bool split_cjk = true;      // each CJK ideograph is a word
  bool strip_accents = true;  // canonical decomposition without its combining marks
  bool lowercase = true;
  std::size_t longest_word = 100;  // characters
  bool operator==(const BertRules&) const = default;
};

// Reads the words of `text`, which it borrows. Malformed UTF-8 is read as U+FFFD.
class BertWordReader {
 public:
  // A character of the word: where it starts there, and which bytes of the text it came from.
  struct Char {
    std::size_t at = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  BertWordReader(std::string_view text, const BertRules& rules) : rules_(rules), text_(text) {}

  // False at the end. What the accessors give holds until the next call.
  bool next();
  const std::string& word() const { return word_; }  // cleaned, UTF-8, never empty
  const std::vector<Char>& chars() const { return chars_; }
  // Longer than the rules allow: word() and chars() have only its beginning...
  bool too_long() const { return too_long_; }
  std::size_t end() const { return end_; }  // ... and this is where it ends in the text

 private:
  enum class Kind { letter, space, alone };  // alone: a word by itself
  void read_source();
  void read_ascii(unsigned char c);
  void read_character(char32_t c);
  void push_pending(char32_t c, bool is_alone);
  void append_pending();

  BertRules rules_;
  std::string_view text_;
  std::size_t next_ = 0;  // byte of `text_` to read
  // One character of the text can become several; they wait here.
  struct Pending {
    char32_t code = 0;
    Kind kind = Kind::letter;
  };
  std::array<Pending, 16> pending_{};
  std::size_t pending_at_ = 0;
  std::size_t pending_size_ = 0;
  std::size_t pending_begin_ = 0;  // bytes of the text that they came from

  std::string word_;
  std::vector<Char> chars_;
  bool too_long_ = false;
  std::size_t end_ = 0;
};

}  // namespace mcpo::embed
