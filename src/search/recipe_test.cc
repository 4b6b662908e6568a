// The ranking against numbers from the reference implementation of the recipe (Python; with the
// head's weights and, by words alone, the best part's share of docs/design/search.md), on a small
// corpus with made-up vectors: token j of a vocabulary, tool i and text u each are a vector of
// sines. No vectors of descriptions: the reference has none.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "search/embedding.h"
#include "search/tokenizer.h"

namespace mcpo::search {
namespace {

constexpr std::size_t kDimension = 8;

std::vector<Document> tools() {
  const auto tool = [](const char* server, const char* name, const char* description,
                       const char* parameters) {
    return Document{
        .server = server, .name = name, .description = description, .parameter_names = parameters};
  };
  return {
      tool("github", "create_issue", "Open a new issue in a repository", "title body labels"),
      tool("github", "search_code", "Search for code in all repositories of an organization",
           "query language"),
      tool("github", "merge_pull_request", "Merges a pull request into its base branch",
           "number method"),
      tool("jira", "createIssue", "Create a ticket in a project of Jira", "project summary"),
      tool("jira", "assign_issue", "Assign a ticket to a user", "issue user"),
      tool("mail", "send_message", "Send an email message to a list of people", "to subject text"),
      tool("mail", "list_messages", "List the messages of a mailbox, newest first", "folder count"),
      tool("files", "read_file", "Read the contents of a text file from disk", "path"),
      tool("files", "write_file", "Write text to a file, creating it if needed", "path content"),
      tool("files", "list_directory", "Show what is in a directory", "path"),
      tool("web", "fetch_page", "Download a web page and return its text", "url"),
      tool("web", "search_web", "Search the web for pages about a topic", "query"),
  };
}

const std::array<const char*, 6> kRequests = {
    "open a bug ticket for the login page",
    "merge the pull request into the main branch",
    "I have a file with notes on disk. Read the text file please. Then send the text by mail to my "
    "team.",
    "look up the newest messages in the mailbox",
    "Is there a page about dogs? Search the web for pages about dogs!",
    "something entirely different",
};

std::vector<float> sines(double phase) {
  std::vector<float> out;
  double squares = 0;
  for (std::size_t k = 0; k < kDimension; ++k) {
    out.push_back(static_cast<float>(std::sin(phase + 2.3 * static_cast<double>(k))));
    squares += double{out.back()} * out.back();
  }
  for (float& x : out) x /= static_cast<float>(std::sqrt(squares));
  return out;
}

// Numbers words in the order in which they come.
class Vocabulary {
 public:
  std::vector<std::uint32_t> numbers(std::string_view text) {
    std::vector<std::uint32_t> out;
    std::string word;
    for (const char c : std::string(text) + " ") {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (is_letter) word += static_cast<char>(c | 0x20);
      if (is_letter || word.empty()) continue;
      out.push_back(numbers_.emplace(word, numbers_.size() + 1).first->second);
      word.clear();
    }
    return out;
  }

 private:
  std::map<std::string, std::uint32_t> numbers_;
};

void append_quantized(const std::vector<float>& row, QuantizedRows& out) {
  float most = 0;
  for (const float x : row) most = std::max(most, std::abs(x));
  out.dimension = row.size();
  out.scales.push_back(most / 127);
  for (const float x : row) {
    out.values.push_back(static_cast<std::int8_t>(std::lround(x / most * 127)));
  }
}

struct Corpus {
  Vocabulary vocabulary;
  std::unique_ptr<const Index> index;
  std::size_t texts = 0;  // of requests, encoded so far

  Corpus() {
    Part part{.documents = prepare(tools())};
    for (const Document& tool : tools()) {
      auto embedding = std::make_shared<DocumentEmbedding>();
      const SemanticText text = semantic_text(tool);
      embedding->vector =
          to_fixed(sines(static_cast<double>(part.embeddings.size()) * 1.3 + 3 * 2.3));
      embedding->pieces = vocabulary.numbers(text.text);
      std::ranges::sort(embedding->pieces);
      const auto rest = std::ranges::unique(embedding->pieces);
      embedding->pieces.erase(rest.begin(), rest.end());
      embedding->name_pieces = vocabulary.numbers(
          std::string_view(text.text).substr(text.name_begin, text.name_end - text.name_begin));
      for (const std::uint32_t piece : embedding->name_pieces) {
        append_quantized(sines(piece * 1.3), embedding->name_rows);
      }
      part.embeddings.push_back(std::move(embedding));
    }
    index = build_index({std::move(part)});
  }

  Query query(const char* text) {
    Query out{.description = text, .limit = 6};
    out.distance_threshold = 2;  // sines are often opposed
    auto embedding = std::make_shared<RequestEmbedding>();
    const std::size_t count = request_texts(out).size();
    for (std::size_t i = 0; i < count; ++i) {
      auto vector = to_fixed(sines(static_cast<double>(texts++) * 1.3 + 2.3));
      i == 0 ? embedding->vector = std::move(vector)
             : embedding->sentences.emplace_back(std::move(vector));
    }
    double position = 0;
    for (const std::uint32_t word : vocabulary.numbers(text)) {
      const auto row = to_fixed(sines(word * 1.3 + .05 * position++ * 2.3));
      embedding->rows.insert(embedding->rows.end(), row.begin(), row.end());
    }
    out.embedding = std::move(embedding);
    return out;
  }
};

struct Expected {
  DocId doc;
  float base;
  float final;
};

// The first six of each request.
const std::vector<std::array<Expected, 6>> kHybrid = {
    {{{11, 0.82399F, 1.93874F},
      {10, 0.83631F, 1.86444F},
      {1, 0.48185F, 1.46175F},
      {0, 0.60657F, 1.41161F},
      {6, 0.49671F, 1.36406F},
      {2, 0.38697F, 1.28087F}}},
    {{{2, 0.98376F, 2.12676F},
      {7, 0.50000F, 1.42255F},
      {3, 0.41149F, 1.21549F},
      {8, 0.36899F, 1.20400F},
      {11, 0.31329F, 1.07245F},
      {1, 0.20497F, 0.98208F}}},
    {{{7, 0.69216F, 1.77583F},
      {8, 0.63648F, 1.64939F},
      {9, 0.58374F, 1.63793F},
      {5, 0.57639F, 1.53202F},
      {4, 0.44293F, 1.36872F},
      {6, 0.38982F, 1.36283F}}},
    {{{6, 0.71179F, 1.59685F},
      {7, 0.50000F, 1.40531F},
      {2, 0.47152F, 1.33286F},
      {3, 0.46406F, 1.30912F},
      {8, 0.42776F, 1.27217F},
      {11, 0.26839F, 0.97542F}}},
    {{{11, 0.71939F, 1.93476F},
      {10, 0.70362F, 1.87366F},
      {4, 0.46170F, 1.39690F},
      {9, 0.45477F, 1.38430F},
      {1, 0.43320F, 1.33718F},
      {0, 0.33819F, 1.25661F}}},
    {{{2, 0.48657F, 1.32711F},
      {6, 0.47214F, 1.30928F},
      {11, 0.50000F, 1.30280F},
      {1, 0.43546F, 1.05010F},
      {7, 0.45149F, 1.04103F},
      {5, 0.18760F, 0.93030F}}},
};

// By words alone; those with a score.
const std::vector<std::vector<std::pair<DocId, float>>> kLexical = {
    {{10, 1.000000F}, {0, 0.753587F}, {4, 0.654074F}, {11, 0.647974F}},
    {{2, 1.000000F}, {10, 0.031760F}},
    {{7, 1.000000F}, {5, 0.761039F}, {8, 0.486991F}, {9, 0.294559F}},
    {{6, 1.000000F}, {5, 0.497438F}},
    {{11, 1.000000F}, {10, 0.854487F}, {1, 0.369914F}},
    {},
};

TEST(Recipe, BaseAndFinalScoresAreThoseOfTheReference) {
  Corpus corpus;
  for (std::size_t r = 0; r < kRequests.size(); ++r) {
    const Query query = corpus.query(kRequests[r]);
    const auto hits = corpus.index->search(query).hits;
    ASSERT_EQ(hits.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
      const Expected& expected = kHybrid[r][i];
      EXPECT_EQ(hits[i].doc, expected.doc) << kRequests[r] << " " << i;
      EXPECT_NEAR(hits[i].score, expected.final, 1e-3) << kRequests[r] << " " << i;
      const Explanation why = corpus.index->explain(query, expected.doc);
      EXPECT_NEAR(why.lexical + why.semantic, expected.base, 1e-3) << kRequests[r] << " " << i;
    }
  }
}

TEST(Recipe, LexicalScoresAreThoseOfTheReference) {
  const Corpus corpus;
  for (std::size_t r = 0; r < kRequests.size(); ++r) {
    for (const auto& [doc, score] : kLexical[r]) {
      const Explanation why = corpus.index->explain({.description = kRequests[r]}, doc);
      EXPECT_NEAR(why.lexical, score, 1e-5) << kRequests[r] << " " << doc;
    }
  }
}

}  // namespace
}  // namespace mcpo::search
