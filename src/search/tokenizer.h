// Text to words. Words are runs of letters, digits, `_` and `'`, without a final `'s`; split at
// `_`, camelCase and digit borders; what was split without `_` is also kept joined:
//   getUser2 -> get user 2 getuser2       create_issue -> create issue       user's -> user
// Chinese, Japanese kana and Korean become single characters and pairs. Case, width, ligatures and
// accents are folded (Unicode compatibility normalisation). Any bytes are allowed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mcpo::search {

// A longer word is cut; a longer joined form is left out.
inline constexpr std::size_t kMaxWordBytes = 64;

// A list of short strings in one buffer. Views are good until the next change.
class Words {
 public:
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }
  void clear() {
    text_.clear();
    ends_.clear();
  }
  // Bytes go to the open word, which close() adds to the list.
  void push(char c) { text_.push_back(c); }
  void close() {
    if (open_bytes() > 0) ends_.push_back(text_.size());
  }
  void drop_open() { text_.resize(ends_.empty() ? 0 : ends_.back()); }
  std::size_t open_bytes() const { return text_.size() - (ends_.empty() ? 0 : ends_.back()); }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

// Appends the words of `text`.
void split_words(std::string_view text, Words& out);

}  // namespace mcpo::search
