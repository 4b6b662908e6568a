// Any bytes make words that are valid UTF-8 and short, the same each time; and an index of them can
// be searched for them, with explanations that sum to the scores. The first line is the tool's
// name, the second the request, the rest the description.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "search/engine.h"
#include "search/tokenizer.h"

namespace {

using namespace mcpo;
using namespace mcpo::search;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_words(std::string_view text) {
  Words words;
  split_words(text, words);
  for (std::size_t i = 0; i < words.size(); ++i) {
    check(!words[i].empty() && is_valid_utf8(words[i]));
    // One character can fold to several behind the last place.
    check(words[i].size() < kMaxWordBytes + 32);
  }
  Words again;
  split_words(text, again);
  check(again.size() == words.size());
}

std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  check_words(rest);
  Document document;
  document.name = take_line(rest);
  Query query;
  query.description = take_line(rest);
  document.description = rest;
  const auto index =
      build_index(std::vector<Document>{document, {.server = "files", .name = "read_file"}});
  const Ranking ranking = index->search(query);
  check(ranking.hits.empty() != ranking.note.empty());
  for (const Hit& hit : ranking.hits) {
    const Explanation why = index->explain(query, hit.doc);
    check(std::isfinite(hit.score));
    check(std::abs(why.score() - hit.score) < 1e-4);
  }
  return 0;
}
