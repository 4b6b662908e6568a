// Rankings by both arms. Vectors are made up: a few axes of meaning.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "search/embedding.h"
#include "search/engine.h"

namespace mcpo::search {
namespace {

using Vector = std::vector<float>;

std::shared_ptr<const DocumentEmbedding> meaning(const Vector& vector) {
  return std::make_shared<const DocumentEmbedding>(DocumentEmbedding{.vector = to_fixed(vector)});
}

// Axes: animals, money.
std::unique_ptr<const Index> some_tools() {
  const std::vector<Document> tools = {
      {.server = "zoo", .name = "feed_cat", .description = "Give food"},
      {.server = "zoo", .name = "walk_dog", .description = "Take for a stroll"},
      {.server = "bank", .name = "send_money", .description = "Transfer to an account"},
      {.server = "bank", .name = "close_account", .description = "Ends it"},
  };
  return build_index(
      {Part{prepare(tools), {meaning({1, 0}), meaning({.8F, .6F}), meaning({0, 1}), nullptr}}});
}

Query asking(const char* text, const Vector& vector) {
  Query out{.description = text};
  out.embedding =
      std::make_shared<const RequestEmbedding>(RequestEmbedding{.vector = to_fixed(vector)});
  return out;
}

std::vector<DocId> found(const Index& index, const Query& query) {
  std::vector<DocId> out;
  for (const Hit& hit : index.search(query).hits) out.push_back(hit.doc);
  return out;
}

using Docs = std::vector<DocId>;

TEST(Hybrid, FindsByMeaningWithoutACommonWord) {
  EXPECT_EQ(found(*some_tools(), asking("nourish my pet", {1, 0})).at(0), 0U);
  EXPECT_EQ(found(*some_tools(), asking("nourish my pet", {0, 1})).at(0), 2U);
}

TEST(Hybrid, StrongWordsOutweighALittleMoreNearness) {
  EXPECT_EQ(found(*some_tools(), asking("send money to an account", {.6F, .8F})).at(0), 2U);
}

TEST(Hybrid, ExactNamesStayFirst) {
  EXPECT_EQ(found(*some_tools(), asking("close_account", {1, 0})).at(0), 3U);
}

TEST(Hybrid, DocumentsWithoutAVectorAreAsNearAsTheirWords) {
  const auto index = some_tools();
  const Query query = asking("close the account", {1, 0});
  EXPECT_EQ(found(*index, query).at(0), 3U);
  const Explanation why = index->explain(query, 3);
  EXPECT_NEAR(why.semantic, why.lexical, 1e-6);
  EXPECT_EQ(why.semantic_rank, 0U);
  EXPECT_EQ(why.cosine, -1);
}

TEST(Hybrid, WhatServedSuchARequestBeforeIsWorthMore) {
  const auto index = some_tools();
  Query query = asking("nourish my pet", {1, 0});
  EXPECT_EQ(found(*index, query).at(0), 0U);
  query.used = {{1, .9F}};
  const Ranking ranking = index->search(query);
  EXPECT_EQ(ranking.hits.at(0).doc, 1U);
  const Explanation why = index->explain(query, 1);
  EXPECT_NEAR(why.usage_part, .45, 1e-6);
  EXPECT_NEAR(why.score(), ranking.hits.at(0).score, 1e-5);
  EXPECT_EQ(index->explain(query, 0).usage_part, 0);
  query.visible = [](DocId doc) { return doc != 1; };
  EXPECT_EQ(found(*index, query).at(0), 0U);
}

TEST(Hybrid, UsageReachesBehindTheHead) {
  std::vector<Document> tools;
  std::vector<std::shared_ptr<const DocumentEmbedding>> vectors;
  for (int i = 0; i < 200; ++i) {
    tools.push_back({.server = "s" + std::to_string(i), .name = "tool" + std::to_string(i)});
    vectors.push_back(meaning({1, static_cast<float>(i) / 100}));
  }
  const auto index = build_index({Part{prepare(tools), vectors}});
  Query query = asking("something", {1, 0});
  query.limit = 100;
  const Docs before = found(*index, query);
  EXPECT_EQ(std::ranges::find(before, 150U), before.end());
  query.used = {{150, 1}, {199, .001F}};
  const Docs after = found(*index, query);
  EXPECT_LT(std::ranges::find(after, 150U) - after.begin(), 64);
  EXPECT_EQ(after.back(), before[98]);  // the others keep their order
}

TEST(Hybrid, SharesSwitchArmsOff) {
  const auto index = some_tools();
  Query query = asking("close the account", {1, 0});
  query.semantic_share = 1;
  EXPECT_EQ(found(*index, query).at(0), 0U);
  EXPECT_EQ(index->explain(query, 0).lexical, 0);
  query.semantic_share = 0;
  const Ranking words = index->search(query);
  const Ranking plain = index->search({.description = "close the account"});
  ASSERT_EQ(words.hits.size(), plain.hits.size());
  for (std::size_t i = 0; i < plain.hits.size(); ++i) {
    EXPECT_EQ(words.hits[i].doc, plain.hits[i].doc);
    EXPECT_EQ(words.hits[i].score, plain.hits[i].score);
  }
}

TEST(Hybrid, ThresholdDropsWhatIsOnlyNearInMeaningAndTooFar) {
  const auto index = some_tools();
  Query query = asking("money for animals", {1, 0});
  query.distance_threshold = .1;
  EXPECT_EQ(found(*index, query), (Docs{0, 2, 3}));  // 2 has a word, 3 is its sibling
  EXPECT_EQ(index->explain(query, 0).too_far, 1U);
  query.distance_threshold = .3;
  EXPECT_EQ(found(*index, query), (Docs{0, 1, 2, 3}));
}

TEST(Hybrid, WhatIsTooFarAndHasAWordIsExplainedLikeAnyOther) {
  const auto index = some_tools();
  Query query = asking("stroll with animals", {1, 0});
  const Explanation before = index->explain(query, 1);
  query.distance_threshold = .1;
  const Explanation after = index->explain(query, 1);
  EXPECT_EQ(after.semantic_rank, 2U);
  EXPECT_EQ(after.cosine, before.cosine);
}

TEST(Hybrid, BeyondTheThresholdTheNearestAreCandidates) {
  Query query = asking("qwerty", {.6F, -.8F});
  query.distance_threshold = .3;
  const Ranking ranking = some_tools()->search(query);
  EXPECT_TRUE(ranking.hits.empty());
  ASSERT_EQ(ranking.candidates.size(), 3U);
  EXPECT_EQ(ranking.candidates[0].doc, 0U);
  EXPECT_NEAR(ranking.candidates[0].score, .6, 1e-3);
  EXPECT_NE(ranking.note.find("distance threshold"), std::string::npos);
}

TEST(Hybrid, VectorsOfAnotherModelLeaveTheWords) {
  EXPECT_EQ(found(*some_tools(), asking("send money", {1, 0, 0})), (Docs{2, 3}));
}

TEST(Hybrid, HiddenDocumentsSetNoScale) {
  const auto index = some_tools();
  Query query = asking("nourish", {1, 0});
  query.visible = [](DocId doc) { return doc == 1 || doc == 2; };
  EXPECT_EQ(found(*index, query), (Docs{1, 2}));
  const Explanation why = index->explain(query, 1);
  EXPECT_NEAR(why.semantic, .5, 1e-6);
  EXPECT_EQ(why.hidden, 2U);
  EXPECT_EQ(index->explain(query, 0).score(), 0);
}

TEST(Hybrid, EachSentenceFindsItsTool) {
  const auto index = some_tools();
  Query query{.description = "Please nourish my pet. And pay what I owe."};
  query.embedding = std::make_shared<const RequestEmbedding>(RequestEmbedding{
      .vector = to_fixed(Vector{.6F, .8F}), .sentences = {{16384, 0}, {0, 16384}}});
  const Ranking ranking = index->search(query);
  ASSERT_EQ(ranking.hits.size(), 4U);
  const auto semantic = [&](DocId doc) { return index->explain(query, doc).semantic; };
  EXPECT_NEAR(semantic(2), .25 * (.8 - .6) / (.96 - .6) + .25, 1e-3);
  EXPECT_NEAR(semantic(0), .25, 1e-3);
}

Vector random_direction(std::mt19937& random, std::size_t size) {
  std::normal_distribution<float> normal;
  Vector out(size);
  for (float& x : out) x = normal(random);
  return out;
}

DocumentEmbedding random_embedding(std::mt19937& random) {
  DocumentEmbedding out{.vector = to_fixed(random_direction(random, 6))};
  out.name_rows.dimension = 6;
  for (auto count = random() % 4; count > 0; --count) {
    out.name_pieces.push_back(static_cast<std::uint32_t>(random() % 50));
    out.name_rows.scales.push_back(1.F / 250);
    for (int i = 0; i < 6; ++i) {
      out.name_rows.values.push_back(static_cast<std::int8_t>(random() % 256));
    }
  }
  out.pieces = out.name_pieces;
  return out;
}

std::unique_ptr<const Index> random_index(std::mt19937& random, std::size_t count) {
  const std::array<std::string, 6> words = {"create", "find", "issue", "mail", "page", "row"};
  std::vector<Document> tools;
  Part part;
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = [&] { return words[random() % words.size()]; };
    tools.push_back({.server = "s" + std::to_string(random() % 7),
                     .name = word() + "_" + word(),
                     .description = word() + " " + word() + " " + word()});
    const bool is_known = random() % 5 > 0;
    part.embeddings.push_back(
        is_known ? std::make_shared<const DocumentEmbedding>(random_embedding(random)) : nullptr);
  }
  part.documents = prepare(tools);
  return build_index({std::move(part)});
}

TEST(Hybrid, ExplanationsSumToTheScore) {
  std::mt19937 random(4);
  const auto index = random_index(random, 200);
  for (const char* text : {"find mail", "find_issue. Create the page now. Mail a row of it", "x"}) {
    Query query{.description = text, .limit = 150};
    auto embedding = std::make_shared<RequestEmbedding>();
    embedding->vector = to_fixed(random_direction(random, 6));
    for (int i = 0; i < 4; ++i) append_fixed(random_direction(random, 6), embedding->rows);
    for (std::size_t i = 1; i < request_texts(query).size(); ++i) {
      embedding->sentences.push_back(to_fixed(random_direction(random, 6)));
    }
    query.embedding = embedding;
    query.semantic_share = .3;
    query.distance_threshold = 2;
    const auto hits = index->search(query).hits;
    EXPECT_GT(hits.size(), 2 * kHeadSize);
    for (const Hit& hit : hits) {
      const Explanation why = index->explain(query, hit.doc);
      EXPECT_NEAR(why.score(), hit.score, 1e-5) << text << " " << hit.doc;
    }
  }
}

}  // namespace
}  // namespace mcpo::search
