// Gates recall on the labelled requests of tests/retrieval/, by words alone. With the real encoder
// the same files gate it in an end-to-end test.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <span>

#include "search/test_corpus.h"

namespace mcpo::search {
namespace {

struct Measured {
  double recall = 0;  // at 8: groups with a tool among the first eight
  double first = 0;   // requests with a wanted tool in the first place
};

bool has_one_of(std::span<const Hit> hits, const std::vector<std::string>& ids) {
  return std::ranges::any_of(hits, [&](const Hit& hit) {
    return std::ranges::find(ids, test_corpus().ids[hit.doc]) != ids.end();
  });
}

Measured measure(const Index& index) {
  Measured out;
  const auto& requests = test_corpus().requests;
  for (const LabelledRequest& request : requests) {
    const auto hits = index.search({.description = request.text}).hits;
    const std::span first = std::span(hits).first(std::min<std::size_t>(1, hits.size()));
    double found = 0;
    bool is_first = false;
    for (const auto& group : request.groups) {
      found += has_one_of(hits, group) ? 1 : 0;
      is_first = is_first || has_one_of(first, group);
    }
    if (found < static_cast<double>(request.groups.size())) {
      std::printf("incomplete: %s\n", request.text.c_str());
    }
    out.recall += found / static_cast<double>(request.groups.size());
    out.first += is_first ? 1 : 0;
  }
  out.recall /= static_cast<double>(requests.size());
  out.first /= static_cast<double>(requests.size());
  return out;
}

TEST(Retrieval, CorpusIsLargeEnough) {
  EXPECT_GE(test_corpus().tools.size(), 300U);
  EXPECT_GE(test_corpus().requests.size(), 60U);
  for (const LabelledRequest& request : test_corpus().requests) {
    for (const auto& group : request.groups) {
      for (const auto& id : group) EXPECT_LT(test_corpus().number(id), test_corpus().ids.size());
    }
  }
}

TEST(Retrieval, WordsAloneFindMostTools) {
  const Measured words = measure(*build_index(test_corpus().tools));
  std::printf("recall@8 %.3f, right at once %.3f\n", words.recall, words.first);
  EXPECT_GE(words.recall, .90);
  EXPECT_GE(words.first, .70);
}

}  // namespace
}  // namespace mcpo::search
