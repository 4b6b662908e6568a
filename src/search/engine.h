// Text in, ranked documents out. Pure: no threads, no I/O, no knowledge of catalogs or protocols.
// An Index is immutable; a changed catalog builds the next one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mcpo::search {

enum class Field {
  name,
  server,
  title,
  description,
  parameter_names,
  parameter_texts,
  server_description
};
inline constexpr std::size_t kFieldCount = 7;
std::string_view to_string(Field field);

// One tool. The caller numbers documents 0..n-1 in the order of adding.
struct Document {
  std::string server;  // as users write it; also matched as "server.tool" and "server:tool"
  std::string name;    // the tool's exact name
  std::string title;
  std::string description;
  std::string parameter_names;     // space separated
  std::string parameter_texts;     // descriptions and enum values
  std::string server_description;  // what the server says of itself; empty: unknown
  bool operator==(const Document&) const = default;
};

using DocId = std::uint32_t;

struct RequestEmbedding;  // search/embedding.h
struct DocumentEmbedding;

// A document that served a request like this one before.
struct Used {
  DocId doc = 0;
  float nearness = 0;  // of the two requests, 0..1: usage_nearness() of their cosine
  bool operator==(const Used&) const = default;
};

struct Query {
  std::string description;  // what must be done
  std::string keywords;     // optional; empty: the description serves alone
  std::size_t limit = 8;
  std::function<bool(DocId)> visible;                 // empty: all. Applied before ranking.
  std::shared_ptr<const RequestEmbedding> embedding;  // null: lexical evidence only
  double semantic_share = .5;     // HYBRID_SEARCH_SEMANTIC_RATIO; 0 and 1 switch the other arm off
  double distance_threshold = 1;  // TOOL_DISTANCE_THRESHOLD: 1 - cosine
  std::vector<Used> used;         // each document once, ascending
};

// Why a document has its score, which is the sum of the parts.
struct Explanation {
  std::array<double, kFieldCount> field_scores{};  // each field's share; their sum is `lexical`
  double lexical = 0;        // words: (1 - share) for the best document that may be seen
  double semantic = 0;       // meaning: `semantic_share` for the nearest one
  double server_part = 0;    // what the server's best tools add
  double name_part = 0;      // tokens of the name that the request covers
  double sentence_part = 0;  // nearness of the best sentence
  double bigram_part = 0;    // pairs of adjacent words
  double usage_part = 0;     // it was called after a request like this one
  double repeat_part = 0;    // below 0: its server has said the same twice already
  double room_part = 0;      // the best that is not of the server that has all places before it
  double exact_part = 0;     // the exact name: more than everything else together
  double score() const {
    return lexical + semantic + server_part + name_part + sentence_part + bigram_part + usage_part +
           repeat_part + room_part + exact_part;
  }
  bool exact_name = false;
  bool in_head = false;           // whether corrections applied: only to the first kHeadSize
  std::size_t lexical_rank = 0;   // 1-based, by that arm alone; 0: not in its list
  std::size_t semantic_rank = 0;  // 0: no embedding of the request, or none of the document
  double cosine = -1;             // with the request or its nearest sentence; -1: none
  std::vector<std::string> matched_terms;  // analysed words that hit; "find~search": by a synonym
  std::size_t hidden = 0;                  // other documents that Query::visible refused
  std::size_t too_far = 0;  // documents beyond the distance threshold without a word of the request
  bool operator==(const Explanation&) const = default;
};

// Documents that corrections re-order; those behind them follow by their base score.
inline constexpr std::size_t kHeadSize = 64;
// Of a longer description or longer keywords only the beginning and the end are read.
inline constexpr std::size_t kMaxQueryBytes = 65'536;

struct Hit {
  DocId doc = 0;
  double score = 0;  // comparable within one ranking only
};

struct Ranking {
  std::vector<Hit> hits;  // best first, ties by document number
  // When hits are empty: the nearest, at most 5. Those of score 0 are not near but examples of what
  // may be seen.
  std::vector<Hit> candidates;
  std::string note;  // when hits are empty: why, and what the candidates are
};

class Index {
 public:
  virtual ~Index() = default;
  virtual Ranking search(const Query& query) const = 0;
  // One for each of `docs`, at the cost of a few searches however many those are. Documents that do
  // not exist or may not be seen get an empty one.
  virtual std::vector<Explanation> explain_all(const Query& query,
                                               std::span<const DocId> docs) const = 0;
  Explanation explain(const Query& query, DocId doc) const {
    return explain_all(query, {&doc, 1}).front();
  }
  virtual std::size_t size() const = 0;
  virtual std::size_t memory_bytes() const = 0;  // estimate
};

// Of a ranking's hits, in their order. `query` is what it was made of.
std::vector<Explanation> explain_hits(const Index& index, const Query& query,
                                      const Ranking& ranking);

// The costly half of a build, reusable: documents cut into counted words. Immutable, shared between
// indexes and threads.
class PreparedDocuments;
std::shared_ptr<const PreparedDocuments> prepare(const std::vector<Document>& documents);

// Documents with what the encoder said of them: empty, or one for each, null where it has not yet.
struct Part {
  std::shared_ptr<const PreparedDocuments> documents;
  std::vector<std::shared_ptr<const DocumentEmbedding>> embeddings;
};

// Documents are numbered through in the order of the parts. Equal to build_index() of all of them.
std::unique_ptr<const Index> build_index(std::vector<Part> parts);
std::unique_ptr<const Index> build_index(std::vector<Document> documents);

}  // namespace mcpo::search
