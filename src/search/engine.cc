// Ranks in three steps: base scores of all documents from the lexical arm, corrections on the head
// of that list, exact names before everything.
//   base  = lex / max, and with two or more sentences half of it and half of the best sentence's
//   final = base + .2 * mean base of the server's three best documents
#include "search/engine.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "search/analyzer.h"
#include "search/exact_names.h"
#include "search/lexical_index.h"
#include "search/request.h"

namespace mcpo::search {
namespace {

constexpr float kSentenceShare = .5F;
constexpr float kServerWeight = .2F;
constexpr float kExactBonus = 2;  // more than base and corrections together can be
constexpr std::size_t kServerBest = 3;
constexpr std::size_t kMaxCandidates = 5;
constexpr std::uint32_t kNoServer = 0xffffffff;

using ServerBest = std::array<float, kServerBest>;  // descending; 0: fewer documents

// Arrays as long as there are documents or servers, all 0 between searches.
struct Scratch {
  DenseScores unit;
  std::vector<float> base;
  std::vector<float> sentence;  // the best sentence of each document
  std::vector<DocId> found;     // documents with a base score
  std::vector<ServerBest> servers;

  void reset(std::size_t documents, std::size_t server_count) {
    unit.reset(documents);
    base.assign(documents, 0);
    sentence.assign(documents, 0);
    found.clear();
    servers.assign(server_count, {});
  }
};

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

bool is_better(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : a.doc < b.doc;
}

// Sorted, at most `count`.
void keep_best(std::vector<Hit>& hits, std::size_t count) {
  if (hits.size() > count) {
    std::ranges::nth_element(hits, hits.begin() + static_cast<std::ptrdiff_t>(count), is_better);
    hits.resize(count);
  }
  std::ranges::sort(hits, is_better);
}

class Engine final : public Index {
 public:
  explicit Engine(LexicalIndex::Parts parts)
      : lexical_(std::move(parts)), names_(lexical_.parts()) {
    number_servers();
  }

  Ranking search(const Query& query) const override;
  Explanation explain(const Query& query, DocId doc) const override;
  std::size_t size() const override { return lexical_.size(); }
  std::size_t memory_bytes() const override {
    return lexical_.memory_bytes() + names_.memory_bytes() + server_of_.capacity() * 4;
  }

 private:
  void number_servers();
  void score_base(const Request& request, const Query& query, Scratch& scratch) const;
  float score_unit(std::string_view text, const Query& query, Scratch& scratch) const;
  void score_servers(Scratch& scratch) const;
  float server_part(DocId doc, const Scratch& scratch) const;
  std::vector<DocId> exact_documents(const Query& query) const;
  void append_siblings(const Query& query, std::span<const DocId> exact, const Scratch& scratch,
                       std::vector<Hit>& out) const;
  std::vector<Hit> ranked(const Query& query, Scratch& scratch) const;
  void put_nearest(const Request& request, const Query& query, Ranking& out) const;
  void append_respelled(const Request& request, const Query& query, std::vector<DocId>& out) const;
  void explain_fields(const Request& request, const Query& query, DocId doc, Scratch& scratch,
                      Explanation& out) const;

  LexicalIndex lexical_;
  ExactNames names_;
  std::vector<std::uint32_t> server_of_;     // by document
  std::vector<std::uint32_t> server_sizes_;  // by server
};

void Engine::number_servers() {
  std::vector<std::string_view> names;
  for (const auto& part : lexical_.parts()) {
    for (std::size_t i = 0; i < part->size(); ++i) names.push_back(part->server(i));
  }
  std::vector<std::string_view> sorted = names;
  std::ranges::sort(sorted);
  sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
  server_sizes_.assign(sorted.size(), 0);
  for (const std::string_view name : names) {
    const auto number =
        static_cast<std::uint32_t>(std::ranges::lower_bound(sorted, name) - sorted.begin());
    ++server_sizes_[number];
    // Where there is no server, or only one, it tells nothing about a document.
    server_of_.push_back(name.empty() || sorted.size() < 2 ? kNoServer : number);
  }
}

// Fills scratch.unit with the visible documents' scores; returns the best.
float Engine::score_unit(std::string_view text, const Query& query, Scratch& scratch) const {
  scratch.unit.reset(size());
  lexical_.add_scores(lexical_.request_terms(text), scratch.unit);
  if (query.visible) scratch.unit.keep_if(query.visible);
  return scratch.unit.best();
}

void Engine::score_base(const Request& request, const Query& query, Scratch& scratch) const {
  scratch.reset(size(), server_sizes_.size());
  const float best = score_unit(request.text, query, scratch);
  const float share = request.sentences.empty() ? 1 : 1 - kSentenceShare;
  for (const DocId doc : scratch.unit.touched()) {
    scratch.base[doc] = share * (scratch.unit[doc] / best);
    scratch.found.push_back(doc);
  }
  for (const std::string& sentence : request.sentences) {
    const float best_of_sentence = score_unit(sentence, query, scratch);
    for (const DocId doc : scratch.unit.touched()) {
      const float score = scratch.unit[doc] / best_of_sentence;
      scratch.sentence[doc] = std::max(scratch.sentence[doc], score);
    }
  }
  if (request.sentences.empty()) return;
  for (const DocId doc : scratch.found) {
    scratch.base[doc] += kSentenceShare * scratch.sentence[doc];
  }
}

void Engine::score_servers(Scratch& scratch) const {
  for (const DocId doc : scratch.found) {
    if (server_of_[doc] == kNoServer) continue;
    ServerBest& best = scratch.servers[server_of_[doc]];
    float score = scratch.base[doc];
    for (float& place : best) {
      if (score > place) std::swap(score, place);
    }
  }
}

float Engine::server_part(DocId doc, const Scratch& scratch) const {
  const std::uint32_t server = server_of_[doc];
  if (server == kNoServer) return kServerWeight * scratch.base[doc];
  const ServerBest& best = scratch.servers[server];
  const auto count = static_cast<float>(std::min<std::size_t>(kServerBest, server_sizes_[server]));
  return kServerWeight * (best[0] + best[1] + best[2]) / count;
}

std::vector<DocId> Engine::exact_documents(const Query& query) const {
  std::vector<DocId> out = names_.mentioned_in(query.description);
  const std::vector<DocId> more = names_.mentioned_in(query.keywords);
  out.insert(out.end(), more.begin(), more.end());
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  if (query.visible) std::erase_if(out, [&](DocId doc) { return !query.visible(doc); });
  return out;
}

// A document without any word of the request may still be meant when its server's others match.
// Those of the best servers fill up the head.
void Engine::append_siblings(const Query& query, std::span<const DocId> exact,
                             const Scratch& scratch, std::vector<Hit>& out) const {
  std::vector<Hit> siblings;
  for (DocId doc = 0; doc < size(); ++doc) {
    const float part = scratch.base[doc] > 0 ? 0 : server_part(doc, scratch);
    if (part == 0 || std::ranges::binary_search(exact, doc)) continue;
    if (!query.visible || query.visible(doc)) siblings.push_back({doc, part});
  }
  keep_best(siblings, kHeadSize - out.size());
  for (const Hit& hit : siblings) out.push_back({hit.doc, 0});
}

// Exact names, then the corrected head, then what is behind it by base score.
std::vector<Hit> Engine::ranked(const Query& query, Scratch& scratch) const {
  const std::vector<DocId> exact = exact_documents(query);
  std::vector<Hit> hits;
  for (const DocId doc : exact) {
    hits.push_back({doc, scratch.base[doc] + server_part(doc, scratch) + kExactBonus});
  }
  std::ranges::sort(hits, is_better);
  std::vector<Hit> others;
  for (const DocId doc : scratch.found) {
    if (!std::ranges::binary_search(exact, doc)) others.push_back({doc, scratch.base[doc]});
  }
  if (others.size() < kHeadSize) append_siblings(query, exact, scratch, others);
  keep_best(others, std::max(query.limit, kHeadSize));
  const std::span head(others.data(), std::min(kHeadSize, others.size()));
  for (Hit& hit : head) hit.score += server_part(hit.doc, scratch);
  std::ranges::sort(head, is_better);
  hits.insert(hits.end(), others.begin(), others.end());
  hits.resize(std::min(hits.size(), query.limit));
  return hits;
}

Ranking Engine::search(const Query& query) const {
  Scratch& scratch = thread_scratch();
  const Request request = read_request(query);
  score_base(request, query, scratch);
  score_servers(scratch);
  Ranking out;
  out.hits = ranked(query, scratch);
  if (out.hits.empty() && query.limit > 0) put_nearest(request, query, out);
  if (query.limit == 0) out.note = "none were asked for: the limit is 0";
  return out;
}

void Engine::put_nearest(const Request& request, const Query& query, Ranking& out) const {
  std::size_t words = 0;
  thread_analyzer().for_each_term(request.text, [&](std::string_view) { ++words; });
  out.note = size() == 0  ? "there are no tools to search"
             : words == 0 ? "the request has no words to search by"
                          : "no tool has a word of the request";
  std::vector<DocId> nearest = names_.nearest_to(request.text, kMaxCandidates, query.visible);
  if (nearest.size() < kMaxCandidates) append_respelled(request, query, nearest);
  if (!nearest.empty()) out.note += "; candidates are those whose names or words are most like it";
  for (const DocId doc : nearest) {
    out.candidates.push_back({doc, 1. / static_cast<double>(out.candidates.size() + 1)});
  }
}

// What the request finds when its unknown words are read as the most similar known ones.
void Engine::append_respelled(const Request& request, const Query& query,
                              std::vector<DocId>& out) const {
  Scratch& scratch = thread_scratch();
  scratch.unit.reset(size());
  lexical_.add_scores(lexical_.respelled_terms(request.text), scratch.unit);
  if (query.visible) scratch.unit.keep_if(query.visible);
  std::vector<Hit> hits;
  for (const DocId doc : scratch.unit.touched()) hits.push_back({doc, scratch.unit[doc]});
  keep_best(hits, kMaxCandidates);
  for (const Hit& hit : hits) {
    if (out.size() == kMaxCandidates) return;
    if (std::ranges::find(out, hit.doc) == out.end()) out.push_back(hit.doc);
  }
}

Explanation Engine::explain(const Query& query, DocId doc) const {
  Explanation out;
  if (doc >= size() || (query.visible && !query.visible(doc))) return out;
  Scratch& scratch = thread_scratch();
  const Request request = read_request(query);
  score_base(request, query, scratch);
  score_servers(scratch);
  explain_fields(request, query, doc, scratch, out);
  for (const double share : out.field_scores) out.lexical += share;
  out.server_part = server_part(doc, scratch);
  out.exact_name = std::ranges::binary_search(exact_documents(query), doc);
  if (out.exact_name) out.exact_part = kExactBonus;
  if (scratch.base[doc] == 0) return out;
  const Hit self{doc, scratch.base[doc]};
  out.lexical_rank =
      1 + static_cast<std::size_t>(std::ranges::count_if(scratch.found, [&](DocId other) {
        return is_better({other, scratch.base[other]}, self);
      }));
  return out;
}

// Shares of the whole request and of the sentence that counts for this document, with the matched
// words of the whole. Leaves scratch.unit behind as it likes.
void Engine::explain_fields(const Request& request, const Query& query, DocId doc, Scratch& scratch,
                            Explanation& out) const {
  const auto add_shares = [&](std::string_view text, double factor) {
    const auto terms = lexical_.request_terms(text);
    const auto matches = lexical_.explain(terms, doc);
    for (const LexicalIndex::Match& match : matches) {
      for (std::size_t f = 0; f < kFieldCount; ++f) out.field_scores[f] += match.shares[f] * factor;
    }
    return matches;
  };
  const double share = request.sentences.empty() ? 1 : 1 - kSentenceShare;
  const float best = score_unit(request.text, query, scratch);
  if (best == 0) return;
  for (const LexicalIndex::Match& match : add_shares(request.text, share / best)) {
    std::string text(lexical_.term_text(match.term.term));
    if (match.term.word != kNoTerm) {
      text = std::string(lexical_.term_text(match.term.word)) + "~" + text;
    }
    out.matched_terms.push_back(std::move(text));
  }
  if (scratch.sentence[doc] == 0) return;
  for (const std::string& sentence : request.sentences) {
    const float best_of_sentence = score_unit(sentence, query, scratch);
    if (scratch.unit[doc] == 0) continue;  // perhaps all are 0
    if (scratch.unit[doc] / best_of_sentence < scratch.sentence[doc]) continue;
    add_shares(sentence, kSentenceShare / best_of_sentence);
    return;
  }
}

}  // namespace

std::string_view to_string(Field field) {
  constexpr std::array<std::string_view, kFieldCount> kNames = {"name",
                                                                "server",
                                                                "title",
                                                                "description",
                                                                "parameter_names",
                                                                "parameter_texts",
                                                                "server_description"};
  return kNames[static_cast<std::size_t>(field)];
}

std::unique_ptr<const Index> build_index(std::vector<Part> parts) {
  LexicalIndex::Parts documents;
  for (Part& part : parts) documents.push_back(std::move(part.documents));
  return std::make_unique<const Engine>(std::move(documents));
}

std::unique_ptr<const Index> build_index(std::vector<Document> documents) {
  return build_index(std::vector<Part>{{.documents = prepare(documents)}});
}

}  // namespace mcpo::search
