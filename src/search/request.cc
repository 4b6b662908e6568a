#include "search/request.h"

#include <algorithm>

#include "base/text.h"
#include "search/analyzer.h"

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

bool has_terms(std::string_view text, std::size_t wanted) {
  std::size_t terms = 0;
  thread_analyzer().for_each_term(text, [&](std::string_view) { ++terms; });
  return terms >= wanted;
}

// The length of the separator between clauses that stands at text[at], white space included; 0:
// none.
std::size_t clause_border(std::string_view text, std::size_t at) {
  const auto spaces = [&](std::size_t from) {
    std::size_t end = from;
    while (end < text.size() && is_space(text[end])) ++end;
    return end - from;
  };
  if (text[at] == ',' || text[at] == ';') {
    const std::size_t space = spaces(at + 1);
    return space > 0 ? 1 + space : 0;
  }
  if (!is_space(text[at])) return 0;
  const std::size_t begin = at + spaces(at);
  for (const std::string_view words : {"also", "and also", "and then", "as well as"}) {
    if (!iequals_ascii(text.substr(begin, words.size()), words)) continue;
    const std::size_t space = spaces(begin + words.size());
    if (space > 0) return begin + words.size() + space - at;
  }
  return 0;
}

std::vector<std::string> clauses_of(const Request& request, std::string_view description) {
  std::vector<std::string> out;
  for (const std::string& sentence : request.sentences) append_clauses(sentence, out);
  if (request.sentences.empty()) append_clauses(description, out);
  if (out.size() > kMaxSentences) out.resize(kMaxSentences);
  if (out.size() < 2) out.clear();
  return out;
}

bool is_within_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Longer runs without white space are cut within.
constexpr std::size_t kMaxCutWord = 256;

}  // namespace

std::string_view leading(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && is_within_character(text[size])) --size;
  return text.substr(0, size);
}

std::string bounded(std::string_view text) {
  if (text.size() <= kMaxQueryBytes) return std::string(text);
  std::string_view head = leading(text, kMaxQueryBytes / 4 * 3);
  std::string_view tail = text.substr(text.size() - (kMaxQueryBytes / 4 - 1));
  while (!tail.empty() && is_within_character(tail.front())) tail.remove_prefix(1);
  const auto before = std::ranges::find_if(head.rbegin(), head.rend(), is_space);
  const auto after = std::ranges::find_if(tail, is_space);
  const auto last = static_cast<std::size_t>(before - head.rbegin());
  const auto first = static_cast<std::size_t>(after - tail.begin());
  if (last < kMaxCutWord) head.remove_suffix(last);
  if (first < kMaxCutWord) tail.remove_prefix(first);
  return std::string(head) + '\n' + std::string(tail);
}

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

void append_clauses(std::string_view sentence, std::vector<std::string>& out) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= sentence.size();) {
    const std::size_t border = i < sentence.size() ? clause_border(sentence, i) : 1;
    if (border == 0) {
      ++i;
      continue;
    }
    const std::string_view clause = trim(sentence.substr(begin, i - begin));
    i += border;
    begin = std::min(i, sentence.size());
    const bool is_new = std::ranges::find(out, clause) == out.end();
    if (is_new && has_terms(clause, kMinClauseTerms)) out.emplace_back(clause);
  }
}

Request read_request(const Query& query) {
  Request out;
  out.text = bounded(query.description);
  if (!query.description.empty() && !query.keywords.empty()) out.text += ' ';
  out.text += bounded(query.keywords);
  out.is_cut = std::max(query.description.size(), query.keywords.size()) > kMaxQueryBytes;
  const std::string_view units = leading(query.description, kMaxUnitBytes);
  out.sentences = sentences_of(units);
  out.clauses = clauses_of(out, units);
  return out;
}

}  // namespace mcpo::search
