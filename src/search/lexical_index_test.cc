#include "search/lexical_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "search/analyzer.h"
#include "search/bm25.h"
#include "search/word_lists.h"

namespace mcpo::search {
namespace {

using Counts = std::map<std::string, double>;

Counts counts_of(const std::string& text) {
  Counts out;
  thread_analyzer().for_each_term(text, [&](std::string_view term) { ++out[std::string(term)]; });
  return out;
}

double total(const Counts& counts) {
  double sum = 0;
  for (const auto& [term, count] : counts) sum += count;
  return sum;
}

// The recipe word by word, over maps, as slow as it reads.
class Reference {
 public:
  explicit Reference(const std::vector<Document>& documents) {
    for (const Document& d : documents) {
      docs_.push_back({counts_of(d.name), counts_of(d.server), counts_of(d.title),
                       counts_of(d.description), counts_of(d.parameter_names),
                       counts_of(d.parameter_texts), counts_of(d.server_description)});
    }
    for (std::size_t c = 0; c < synonym_classes().size(); ++c) {
      for (const auto& [term, n] : counts_of(std::string(synonym_classes()[c]))) {
        classes_.emplace(term, c);
      }
    }
  }

  double score(const std::string& request, std::size_t doc) const {
    const Counts words = counts_of(request);
    double sum = 0;
    Counts synonyms;
    for (const auto& [word, count] : words) {
      const double weight = std::sqrt(std::min(count, 3.));
      if (frequency(word) == 0) continue;
      sum += weight * idf(word) * saturation(word, doc);
      if (!classes_.contains(word)) continue;
      for (const auto& [other, c] : classes_) {
        if (c != classes_.at(word) || words.contains(other) || frequency(other) == 0) continue;
        synonyms[other] += .2 * std::min(1., idf(word) / idf(other)) * weight;
      }
    }
    for (const auto& [word, weight] : synonyms) {
      sum += std::min(weight, .2) * idf(word) * saturation(word, doc);
    }
    return sum;
  }

 private:
  using Doc = std::array<Counts, kFieldCount>;

  static double count_in(const Counts& counts, const std::string& term) {
    const auto at = counts.find(term);
    return at == counts.end() ? 0 : at->second;
  }
  std::size_t frequency(const std::string& term) const {
    return static_cast<std::size_t>(std::ranges::count_if(docs_, [&](const Doc& doc) {
      return std::ranges::any_of(doc, [&](const Counts& c) { return c.contains(term); });
    }));
  }
  double idf(const std::string& term) const {
    const auto df = static_cast<double>(frequency(term));
    return std::log(1 + (static_cast<double>(docs_.size()) - df + .5) / (df + .5));
  }
  double saturation(const std::string& term, std::size_t doc) const {
    constexpr double kWeights[] = {3, 1.5, 1, 1, .6, .5, .3};
    constexpr double kB[] = {.3, .3, .3, .75, .3, .3, .75};
    double x = 0;
    for (std::size_t f = 0; f < kFieldCount; ++f) {
      double average = 0;
      for (const Doc& one : docs_) average += total(one[f]);
      average /= static_cast<double>(docs_.size());
      const double count = count_in(docs_[doc][f], term);
      if (count == 0) continue;
      x += kWeights[f] * count / (1 - kB[f] + kB[f] * total(docs_[doc][f]) / average);
    }
    return x * 2.2 / (1.2 + x);
  }

  std::vector<Doc> docs_;
  std::map<std::string, std::size_t> classes_;
};

std::string random_text(std::mt19937& random, std::size_t most) {
  static const char* const kWords[] = {
      "create", "add",  "make", "issue", "ticket", "file",   "files", "read",  "search", "find",
      "query",  "user", "the",  "zebra", "getRow", "a_b_cd", "mail",  "inbox", "quux",   "delete"};
  std::string out;
  for (std::size_t n = random() % (most + 1); n > 0; --n) {
    out += std::string(kWords[random() % std::size(kWords)]) + " ";
  }
  return out;
}

TEST(LexicalIndex, AgreesWithTheReference) {
  std::mt19937 random(7);
  for (int round = 0; round < 12; ++round) {
    std::vector<Document> documents(1 + random() % 25);
    for (Document& d : documents) {
      d = {random_text(random, 2),  random_text(random, 3), random_text(random, 3),
           random_text(random, 30), random_text(random, 5), random_text(random, 12),
           random_text(random, 8)};
    }
    const LexicalIndex index({prepare(documents)});
    const Reference reference(documents);
    for (int query = 0; query < 8; ++query) {
      const std::string text = random_text(random, 8) + "unknown";
      DenseScores scores;
      scores.reset(index.size());
      index.add_scores(index.request_terms(text), scores);
      for (DocId doc = 0; doc < documents.size(); ++doc) {
        EXPECT_NEAR(scores[doc], reference.score(text, doc), 1e-5) << text;
      }
    }
  }
}

TEST(LexicalIndex, ExplainsEveryTermByField) {
  const LexicalIndex index(
      {prepare({{.server = "github", .name = "create_issue", .description = "Create an issue"},
                {.server = "files", .name = "read_file"}})});
  const auto terms = index.request_terms("make an issue");
  DenseScores scores;
  scores.reset(index.size());
  index.add_scores(terms, scores);
  double sum = 0;
  for (const auto& match : index.explain(terms, 0)) {
    for (const double share : match.shares) sum += share;
    EXPECT_EQ(match.shares[static_cast<std::size_t>(Field::server)], 0);
    EXPECT_GT(match.shares[static_cast<std::size_t>(Field::name)], 0);
  }
  EXPECT_NEAR(sum, scores[0], 1e-5);
  EXPECT_TRUE(index.explain(terms, 1).empty());
  EXPECT_TRUE(index.explain(terms, 99).empty());
}

TEST(LexicalIndex, SynonymsCountLessThanTheWord) {
  const LexicalIndex index({prepare({{.name = "remove_row"}, {.name = "delete_row"}})});
  DenseScores scores;
  scores.reset(index.size());
  index.add_scores(index.request_terms("delete"), scores);
  EXPECT_GT(scores[0], 0);
  EXPECT_GT(scores[1], 4 * scores[0]);
}

TEST(DenseScores, ForgetWhatIsNotKept) {
  DenseScores scores;
  scores.reset(4);
  const Posting postings[] = {{0, 1}, {2, 3}, {3, 2}};
  scores.add(postings, 2);
  scores.add(std::span(postings).first(2), 1);
  EXPECT_EQ(scores.touched().size(), 3U);
  EXPECT_EQ(scores.best(), 9);
  scores.keep_if([](DocId doc) { return doc != 2; });
  EXPECT_EQ(scores.best(), 4);
  EXPECT_EQ(scores[2], 0);
  scores.reset(4);
  EXPECT_EQ(scores.best(), 0);
  EXPECT_TRUE(scores.touched().empty());
}

TEST(Bm25, FormulasAtTheirEnds) {
  EXPECT_GT(inverse_document_frequency(10, 10), 0);
  EXPECT_GT(inverse_document_frequency(10, 1), inverse_document_frequency(10, 2));
  EXPECT_LT(saturated(1e9), kSaturation + 1);
  EXPECT_DOUBLE_EQ(occurrence_weight({2, .5}, 10, 10), 2);
  EXPECT_DOUBLE_EQ(request_weight(1), 1);
  EXPECT_DOUBLE_EQ(request_weight(3), request_weight(100));
}

}  // namespace
}  // namespace mcpo::search
