// The parts under the semantic arm: dot products, cosines, covered names, bigrams, servers.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "search/bigrams.h"
#include "search/name_cover.h"
#include "search/prepared.h"
#include "search/servers.h"
#include "search/vector_index.h"

namespace mcpo::search {
namespace {

std::vector<float> random_vector(std::mt19937& random, std::size_t dimension) {
  std::normal_distribution<float> normal;
  std::vector<float> out(dimension);
  float squares = 0;
  for (float& x : out) {
    x = normal(random);
    squares += x * x;
  }
  for (float& x : out) x /= std::sqrt(squares);
  return out;
}

float dot(std::span<const float> a, std::span<const float> b) {
  float out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out += a[i] * b[i];
  return out;
}

std::shared_ptr<const DocumentEmbedding> with_vector(const std::vector<float>& vector) {
  return std::make_shared<const DocumentEmbedding>(DocumentEmbedding{.vector = to_fixed(vector)});
}

TEST(DotRows, PlainAndFastOnesAgreeToTheBit) {
  std::mt19937 random(1);
  for (const std::size_t dimension : {1U, 7U, 31U, 32U, 33U, 64U, 100U, 384U, 1025U}) {
    std::vector<Fixed> rows;
    for (int row = 0; row < 9; ++row) append_fixed(random_vector(random, dimension), rows);
    std::vector<Fixed> vector;
    append_fixed(random_vector(random, dimension), vector);
    std::vector<std::int32_t> fast(9);
    std::vector<std::int32_t> plain(9);
    dot_rows(rows, vector, fast);
    dot_rows_plain(rows, vector, plain);
    EXPECT_EQ(fast, plain) << dimension;
  }
}

TEST(DotRows, LargestProductsFit) {
  std::vector<Fixed> one;
  append_fixed(std::vector<float>{-1}, one);
  std::vector<std::int32_t> out(1);
  dot_rows(one, one, out);
  EXPECT_EQ(out[0], 16384 * 16384);
}

TEST(AppendFixed, VectorsWithoutDirectionBecomeZeros) {
  std::vector<Fixed> out;
  EXPECT_FALSE(append_fixed(std::vector<float>{0, 0}, out));
  EXPECT_FALSE(append_fixed(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()}, out));
  EXPECT_FALSE(append_fixed(std::vector<float>{std::numeric_limits<float>::infinity()}, out));
  EXPECT_EQ(out, std::vector<Fixed>(5, 0));
  EXPECT_TRUE(append_fixed(std::vector<float>{3e30F}, out));
  EXPECT_EQ(out.back(), 16384);
}

TEST(VectorIndex, CosinesAreThoseOfFloats) {
  std::mt19937 random(2);
  std::vector<std::vector<float>> vectors;
  Part part{.documents = prepare(std::vector<Document>(600))};
  for (int i = 0; i < 600; ++i) {
    vectors.push_back(random_vector(random, 384));
    part.embeddings.push_back(with_vector(vectors.back()));
  }
  const VectorIndex index(std::span(&part, 1));
  const auto request = random_vector(random, 384);
  std::vector<float> cosines;
  index.cosines(to_fixed(request), cosines);
  ASSERT_EQ(cosines.size(), 600U);
  for (std::size_t i = 0; i < 600; ++i) EXPECT_NEAR(cosines[i], dot(request, vectors[i]), 1e-4);
}

TEST(VectorIndex, TheNearerOfTextAndDescriptionCounts) {
  const auto both = [](const std::vector<float>& text, const std::vector<float>& description) {
    return std::make_shared<const DocumentEmbedding>(
        DocumentEmbedding{.vector = to_fixed(text), .description = to_fixed(description)});
  };
  const std::vector<Part> parts = {
      {prepare(std::vector<Document>(5)),
       {both({.6F, .8F}, {1, 0}), both({.6F, .8F}, {0, 1}), both({-1, 0}, {}),
        both({-1, 0}, {1, 0, 0}), both({}, {1, 0})}}};
  std::vector<float> cosines;
  VectorIndex(parts).cosines(std::vector<Fixed>{16384, 0}, cosines);
  const std::vector<float> expected = {1, .6F, -1, -1, 0};
  ASSERT_EQ(cosines.size(), expected.size());
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(cosines[i], expected[i], 1e-3) << i;
}

TEST(VectorIndex, KnowsWhichDocumentsHaveNone) {
  const std::vector<Part> parts = {
      {.documents = prepare(std::vector<Document>(1))},
      {prepare(std::vector<Document>(4)),
       {nullptr, with_vector({0, 1}), with_vector({1, 0, 0}), with_vector({0, 0})}}};
  const VectorIndex index(parts);
  EXPECT_EQ(index.dimension(), 2U);
  std::vector<bool> has;
  for (DocId doc = 0; doc < 5; ++doc) has.push_back(index.has(doc));
  EXPECT_EQ(has, (std::vector<bool>{false, false, true, false, false}));
  EXPECT_EQ(VectorIndex({}).dimension(), 0U);
}

TEST(VectorIndex, OneWrongVectorDoesNotSetTheDimension) {
  const Part part{prepare(std::vector<Document>(3)),
                  {with_vector({1}), with_vector({0, 1}), with_vector({1, 0})}};
  const VectorIndex index(std::span(&part, 1));
  EXPECT_EQ(index.dimension(), 2U);
  EXPECT_FALSE(index.has(0));
  EXPECT_TRUE(index.has(2));
}

DocumentEmbedding with_rows(std::vector<std::uint32_t> pieces, std::vector<std::int8_t> values) {
  DocumentEmbedding out;
  out.pieces = pieces;
  out.name_pieces = std::move(pieces);
  out.name_rows = {2, std::move(values), std::vector<float>(out.name_pieces.size(), 1.F / 127)};
  return out;
}

TEST(NameRows, EachTokenCountsByItsRarity) {
  const Part part{prepare(std::vector<Document>(3)),
                  {std::make_shared<const DocumentEmbedding>(with_rows({1, 2}, {127, 0, 0, 127})),
                   std::make_shared<const DocumentEmbedding>(with_rows({1}, {127, 0})), nullptr}};
  const NameRows rows(std::span(&part, 1));
  RequestEmbedding request{.vector = {16384, 0}};
  append_fixed(std::vector<float>{1, 0}, request.rows);
  append_fixed(std::vector<float>{.6F, .8F}, request.rows);
  const float common = std::log(1 + .5F / 2.5F);  // piece 1: in both of two
  const float rare = std::log(1 + 1.5F / 1.5F);
  EXPECT_NEAR(rows.cover(0, request).value(), (common + .8F * rare) / (common + rare), 1e-3);
  EXPECT_NEAR(rows.cover(1, request).value(), 1, 1e-3);
  EXPECT_FALSE(rows.cover(2, request));
  request.rows.clear();
  EXPECT_FALSE(rows.cover(0, request));
}

TEST(Bigrams, AreAdjacentWordsWithoutStopWords) {
  const auto set_of = [](std::string_view text) {
    std::vector<std::uint32_t> out;
    append_bigrams(text, out);
    make_set(out);
    return out;
  };
  const auto tool = set_of("Merges a pull request of the repository");
  EXPECT_EQ(tool.size(), 3U);
  EXPECT_EQ(count_common(set_of("the pull requests, merge pulls"), tool), 2U);
  EXPECT_EQ(count_common(set_of("request pull"), tool), 0U);
  EXPECT_EQ(set_of("one").size(), 0U);
}

TEST(Bigrams, PassOverNumbers) {
  std::vector<std::uint32_t> numbered;
  std::vector<std::uint32_t> plain;
  append_bigrams("send 17 mails to list 3", numbered);
  append_bigrams("send mails to list", plain);
  EXPECT_EQ(numbered, plain);
}

TEST(Bigrams, AreAlikeWhenFourFifthsAreCommon) {
  std::vector<std::uint32_t> nine = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_TRUE(are_alike(nine, nine));
  EXPECT_TRUE(are_alike(nine, std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_TRUE(are_alike(nine, std::vector<std::uint32_t>{0, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_FALSE(are_alike(nine, std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_FALSE(are_alike(nine, std::vector<std::uint32_t>{10, 11}));
  EXPECT_FALSE(are_alike({}, {}));
}

TEST(ServerBest, IsTheMeanOfTheBestThreeOrOfFewer) {
  std::vector<Document> tools(4, Document{.server = "a"});
  tools.push_back({.server = "b"});
  tools.push_back({.server = ""});
  const Servers servers({prepare(tools)});
  ServerBest best;
  const std::vector<float> scores = {.5F, .1F, .9F, .4F, .7F, .2F};
  best.compute(servers, scores, std::vector<DocId>{0, 1, 2, 3, 4, 5});
  EXPECT_FLOAT_EQ(best.of(servers.of(1), .1F), .6F);
  EXPECT_FLOAT_EQ(best.of(servers.of(4), .7F), .7F);
  EXPECT_FLOAT_EQ(best.of(servers.of(5), .2F), .2F);
}

TEST(Servers, OneAloneTellsNothing) {
  EXPECT_EQ(Servers({prepare(std::vector<Document>(2, {.server = "a"}))}).of(1), Servers::kNone);
}

}  // namespace
}  // namespace mcpo::search
