#include "search/request.h"

#include <algorithm>

#include "base/text.h"

namespace mcpo::search {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool ends_sentence(char c) { return c == '.' || c == '!' || c == '?' || c == ';'; }

bool has_words(std::string_view text, std::size_t wanted) {
  std::size_t words = 0;
  for (std::size_t i = 0; i < text.size() && words < wanted; ++i) {
    if (!is_space(text[i]) && (i == 0 || is_space(text[i - 1]))) ++words;
  }
  return words >= wanted;
}

// At most `size` bytes, cut before a character.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool ends = i == text.size() || text[i] == '\n' ||
                      (i > 0 && is_space(text[i]) && ends_sentence(text[i - 1]));
    if (!ends) continue;
    const std::string_view sentence = trim(text.substr(begin, i - begin));
    begin = std::min(i + 1, text.size());
    if (has_words(sentence, kMinSentenceWords)) out.emplace_back(sentence);
    if (out.size() == kMaxSentences) break;
  }
  if (out.size() < 2) out.clear();
  return out;
}

Request read_request(const Query& query) {
  const std::string_view description = cut(query.description, kMaxQueryBytes);
  const std::string_view keywords = cut(query.keywords, kMaxQueryBytes - description.size());
  Request out;
  out.text = description;
  if (!description.empty() && !keywords.empty()) out.text += ' ';
  out.text += keywords;
  out.sentences = sentences_of(description);
  return out;
}

}  // namespace mcpo::search
