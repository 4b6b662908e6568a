// Text in, ranked documents out. Pure: no threads, no I/O, no knowledge of catalogs or protocols.
// An Index is immutable; a changed catalog builds the next one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mcpo::search {

enum class Field { name, server, title, description, parameter_names, parameter_texts };
inline constexpr std::size_t kFieldCount = 6;
std::string_view to_string(Field field);

// One tool. The caller numbers documents 0..n-1 in the order of adding.
struct Document {
  std::string server;  // as users write it; also matched as "server.tool" and "server:tool"
  std::string name;    // the tool's exact name
  std::string title;
  std::string description;
  std::string parameter_names;  // space separated
  std::string parameter_texts;  // descriptions and enum values
  bool operator==(const Document&) const = default;
};

using DocId = std::uint32_t;

struct Query {
  std::string description;  // what must be done
  std::string keywords;     // optional; empty: the description serves alone
  std::size_t limit = 8;
  std::function<bool(DocId)> visible;  // empty: all. Applied before ranking.
};

struct Explanation {
  std::array<double, kFieldCount> field_scores{};  // each field's share of the lexical score
  double lexical = 0;
  std::size_t lexical_rank = 0;  // 1-based; 0: not in the list of that arm
  bool exact_name = false;
  std::vector<std::string> matched_terms;  // analysed words of the query that hit
};

struct Hit {
  DocId doc = 0;
  double score = 0;  // comparable within one ranking only
};

struct Ranking {
  std::vector<Hit> hits;        // best first, ties by document number
  std::vector<Hit> candidates;  // when hits are empty: the nearest (by similar names), at most 5
  std::string note;             // when hits are empty: why
};

class Index {
 public:
  virtual ~Index() = default;
  virtual Ranking search(const Query& query) const = 0;
  virtual Explanation explain(const Query& query, DocId doc) const = 0;
  virtual std::size_t size() const = 0;
  virtual std::size_t memory_bytes() const = 0;  // estimate
};

std::unique_ptr<const Index> build_index(std::vector<Document> documents);

}  // namespace mcpo::search
