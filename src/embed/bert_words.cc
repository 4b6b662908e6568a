// After Hugging Face's BertNormalizer and BertPreTokenizer. Known differences: combining marks that
// Unicode added since version 8 are stripped here and kept there, and marks that stay (spacing
// ones) are not brought into canonical order.
#include "embed/bert_words.h"

#include <utf8proc.h>

#include <algorithm>

namespace mcpo::embed {
namespace {

constexpr char32_t kReplacement = 0xfffd;

utf8proc_category_t category_of(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_space(char32_t c) {
  if (c < 128) return c == ' ' || (c >= 9 && c <= 13);
  if (c == 0x85) return true;
  const auto category = category_of(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool is_punctuation(char32_t c) {
  if (c < 128)
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
           (c >= 123 && c <= 126);
  const auto category = category_of(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

// Cleaning drops these. Tab and line breaks are control characters, but white space here.
bool vanishes(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  if (c < 128) return c < 32 || c == 127;
  const auto category = category_of(c);
  return c == kReplacement || category == UTF8PROC_CATEGORY_CC ||
         category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CO;
}

// The reference's ranges, with its gap before U+2B920.
bool is_ideograph(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
         (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

void append_utf8(std::string& out, char32_t c) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
  out.append(bytes.begin(), bytes.begin() + size);
}

}  // namespace

bool BertWordReader::next() {
  word_.clear();
  chars_.clear();
  too_long_ = false;
  while (true) {
    if (pending_at_ == pending_size_) {
      if (next_ == text_.size()) return !word_.empty();
      read_source();
      continue;
    }
    const Kind kind = pending_[pending_at_].kind;
    if (kind != Kind::letter && !word_.empty()) return true;
    if (kind != Kind::space) append_pending();
    ++pending_at_;
    if (kind == Kind::alone) return true;
  }
}

void BertWordReader::append_pending() {
  end_ = next_;
  if (chars_.size() == rules_.longest_word) {
    too_long_ = true;
    return;
  }
  chars_.push_back({word_.size(), pending_begin_, next_});
  const char32_t code = pending_[pending_at_].code;
  if (code < 128) {
    word_ += static_cast<char>(code);
  } else {
    append_utf8(word_, code);
  }
}

// Takes one character off the text and leaves in `pending_` what becomes of it, maybe nothing.
void BertWordReader::read_source() {
  pending_at_ = pending_size_ = 0;
  pending_begin_ = next_;
  const auto first = static_cast<unsigned char>(text_[next_]);
  if (first < 128) {
    ++next_;
    return read_ascii(first);
  }
  utf8proc_int32_t code = -1;
  const auto size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text_.data() + next_),
                       static_cast<utf8proc_ssize_t>(text_.size() - next_), &code);
  next_ += size > 0 ? static_cast<std::size_t>(size) : 1;
  read_character(size > 0 ? static_cast<char32_t>(code) : kReplacement);
}

void BertWordReader::read_ascii(unsigned char c) {
  if (rules_.clean_text && vanishes(c)) return;
  push_pending(c, false);
}

void BertWordReader::read_character(char32_t c) {
  if (rules_.clean_text) {
    if (vanishes(c)) return;
    if (is_space(c)) c = ' ';
  }
  const bool is_alone = rules_.split_cjk && is_ideograph(c);
  if (!rules_.strip_accents) return push_pending(c, is_alone);
  std::array<utf8proc_int32_t, 8> parts{};
  int last_class = 0;
  const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(),
                                             parts.size(), UTF8PROC_DECOMPOSE, &last_class);
  if (count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) {
    return push_pending(c, is_alone);
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto part = static_cast<char32_t>(parts[i]);
    if (category_of(part) != UTF8PROC_CATEGORY_MN) push_pending(part, is_alone);
  }
}

void BertWordReader::push_pending(char32_t c, bool is_alone) {
  const auto push = [&](char32_t code) {
    const Kind kind = is_space(code)                     ? Kind::space
                      : is_alone || is_punctuation(code) ? Kind::alone
                                                         : Kind::letter;
    if (pending_size_ < pending_.size()) pending_[pending_size_++] = {code, kind};
  };
  if (!rules_.lowercase) return push(c);
  if (c == 0x130) {  // İ: the one letter whose lower case is two characters
    push('i');
    return push(0x307);
  }
  if (c < 128) return push(c >= 'A' && c <= 'Z' ? c + 32 : c);
  push(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

}  // namespace mcpo::embed
