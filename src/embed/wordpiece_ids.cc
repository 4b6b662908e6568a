// For tests/reference/wordpiece.py: `wordpiece_ids TOKENIZER.json < TEXTS` reads texts that end in
// a NUL byte each and prints the ids of each on a line.
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "embed/model_files.h"
#include "embed/wordpiece.h"

namespace {

using namespace mcpo;

Result<embed::Wordpiece> load(const char* path) {
  TRY(const std::string text, embed::read_small_file(path, std::size_t{1} << 28));
  return embed::Wordpiece::from_tokenizer_json(text);
}

}  // namespace

int main(int argc, char** argv) {
  const auto wordpiece = load(argc > 1 ? argv[1] : "");
  if (!wordpiece) {
    std::fprintf(stderr, "%s\n", wordpiece.error().message.c_str());
    return 1;
  }
  std::string text;
  while (std::getline(std::cin, text, '\0')) {
    std::vector<embed::Token> tokens;
    wordpiece->tokenize(text, SIZE_MAX, tokens);
    std::string line;
    for (const embed::Token& token : tokens) line += std::to_string(token.id) + ' ';
    std::puts(line.c_str());
  }
  return 0;
}
