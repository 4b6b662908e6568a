// Any bytes as a text: tokens lie within it, in order, and are the same each time. Any bytes as a
// vocabulary or a tokenizer.json: refused, or good for cutting texts.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "embed/wordpiece.h"

namespace {

using namespace mcpo::embed;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_tokens(const Wordpiece& wordpiece, std::string_view text) {
  std::vector<Token> tokens;
  wordpiece.tokenize(text, SIZE_MAX, tokens);
  std::size_t begin = 0;
  for (const Token& token : tokens) {
    check(begin <= token.begin && token.begin < token.end && token.end <= text.size());
    check(!wordpiece.piece(token.id).empty());
    begin = token.begin;
  }
  std::vector<Token> fewer;
  wordpiece.tokenize(text, 7, fewer);
  check(fewer.size() == std::min<std::size_t>(7, tokens.size()));
  check(std::equal(fewer.begin(), fewer.end(), tokens.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const Wordpiece kLower = *Wordpiece::from_vocabulary_text(
      "[UNK]\n[CLS]\n[SEP]\na\n##a\nb\n##b\nab\n##abc\n[\n]\nsep\ne\n日\n\u1100\n##\u1161\n", {});
  static const Wordpiece kAsIs = *Wordpiece::from_vocabulary_text(
      "[UNK]\n[CLS]\n[SEP]\na\n##a\nÉ\n",
      {.clean_text = false, .split_cjk = false, .strip_accents = false, .lowercase = false});
  check_tokens(kLower, bytes);
  check_tokens(kAsIs, bytes);
  if (const auto read = Wordpiece::from_vocabulary_text(bytes, {})) check_tokens(*read, bytes);
  if (const auto read = Wordpiece::from_tokenizer_json(bytes)) check_tokens(*read, bytes);
  return 0;
}
