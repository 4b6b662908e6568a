// Ranks in three steps: base scores of all documents (base_scores), corrections on the head of that
// list, exact names before everything.
//   final = base + .5 name cover + .4 server's best three + .3 sentence cosine + .1 bigrams
// or, by words alone, base + .4 server's best three; and .5 for what calls after earlier requests
// say.
#include "search/engine.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "search/analyzer.h"
#include "search/base_scores.h"
#include "search/bigrams.h"
#include "search/exact_names.h"
#include "search/lexical_index.h"
#include "search/name_cover.h"
#include "search/request.h"
#include "search/servers.h"
#include "search/vector_index.h"

namespace mcpo::search {
namespace {

constexpr float kExactBonus = 4;      // more than base and corrections together can be
constexpr std::size_t kMaxNamed = 3;  // unqualified exact names of one server
constexpr std::size_t kMaxRepeats = 2;
constexpr float kRepeatPenalty = 1;
constexpr std::size_t kShared = 8;  // places that no server has alone
constexpr double kComparable = .5;  // to the best
constexpr std::size_t kMaxCandidates = 5;

// What is added to one document's base score.
struct Correction {
  float server = 0;
  float name = 0;
  float sentence = 0;
  float bigrams = 0;
  float usage = 0;
  float repeat = 0;  // below 0
  float room = 0;
  float sum() const { return server + name + sentence + bigrams + usage + repeat + room; }
};

// A document of the head. The score of `hit` is complete.
struct Placed {
  Hit hit;
  Correction added;
};

// Between searches only memory.
struct Scratch {
  BaseScores base;
  ServerBest servers;
  std::vector<std::uint32_t> bigrams;  // of the request
  std::vector<Hit> hits;               // by base score
  std::size_t exact = 0;               // exact names among the first of them
  std::size_t head = 0;                // and how many are corrected
  DenseScores respelled;
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

float usage_bonus(const Query& query, DocId doc) {
  const auto at = std::ranges::lower_bound(query.used, doc, {}, &Used::doc);
  return at != query.used.end() && at->doc == doc ? kUsageWeight * at->nearness : 0;
}

LexicalIndex::Parts documents_of(std::span<const Part> parts) {
  LexicalIndex::Parts out;
  for (const Part& part : parts) out.push_back(part.documents);
  return out;
}

class Engine final : public Index {
 public:
  explicit Engine(std::span<const Part> parts)
      : lexical_(documents_of(parts)),
        names_(lexical_.parts()),
        servers_(lexical_.parts()),
        vectors_(parts),
        name_rows_(parts) {}

  Ranking search(const Query& query) const override;
  std::vector<Explanation> explain_all(const Query& query,
                                       std::span<const DocId> docs) const override;
  std::size_t size() const override { return lexical_.size(); }
  std::size_t memory_bytes() const override {
    return lexical_.memory_bytes() + names_.memory_bytes() + servers_.memory_bytes() +
           vectors_.memory_bytes() + name_rows_.memory_bytes();
  }

 private:
  Arms arms() const { return {lexical_, vectors_}; }
  void score(const Request& request, const Query& query, Scratch& scratch) const;
  std::vector<DocId> exact_documents(const Query& query, const BaseScores& base) const;
  void append_siblings(const Query& query, std::span<const DocId> exact, Scratch& scratch) const;
  void collect(const Query& query, Scratch& scratch) const;
  std::vector<Correction> corrections(std::span<const Hit> head, const Query& query,
                                      const Scratch& scratch) const;
  void weaken_repeats(std::span<Placed> placed) const;
  void make_room(std::span<Placed> placed) const;
  bool is_repeat(DocId a, DocId b) const;
  std::vector<Placed> ranked_head(const Query& query, Scratch& scratch) const;
  std::vector<Hit> ranked(const Query& query, Scratch& scratch) const;
  void put_nearest(const Request& request, const Query& query, Ranking& out) const;
  void append_found(std::span<const RequestTerm> terms, const Query& query,
                    std::vector<DocId>& out) const;
  std::vector<DocId> nearest_to(const Request& request, const Query& query) const;
  std::vector<DocId> examples(const Query& query) const;
  using Explained = std::vector<std::pair<DocId, Explanation*>>;
  void explain_base(const Request& request, const Query& query, const Explained& all,
                    BaseScores& base) const;
  void explain_unit(const Request& request, std::size_t unit, const BaseScores& base, DocId doc,
                    std::span<const RequestTerm> terms, Explanation& out) const;
  void explain_ranks(const Request& request, const Query& query, const Explained& all,
                     BaseScores& base) const;
  void explain_head(const Query& query, const Explained& all, Scratch& scratch) const;

  LexicalIndex lexical_;
  ExactNames names_;
  Servers servers_;
  VectorIndex vectors_;
  NameRows name_rows_;
};

void Engine::score(const Request& request, const Query& query, Scratch& scratch) const {
  const auto share = static_cast<float>(std::clamp(query.semantic_share, 0., 1.));
  scratch.base.compute(arms(), request, query, share);
  scratch.servers.compute(servers_, scratch.base.scores(), scratch.base.found());
  scratch.bigrams.clear();
  if (!scratch.base.is_hybrid()) return;
  append_bigrams(request.text, scratch.bigrams);
  make_set(scratch.bigrams);
}

// Visible documents whose names the request has, ascending. Of those that no server's name stands
// before, each server gets its best kMaxNamed only: it may have called its tools as requests speak.
std::vector<DocId> Engine::exact_documents(const Query& query, const BaseScores& base) const {
  std::vector<DocId> out;
  std::vector<Hit> unqualified;
  for (const std::string& text : {bounded(query.description), bounded(query.keywords)}) {
    for (const ExactNames::Mention one : names_.mentioned_in(text)) {
      if (query.visible && !query.visible(one.doc)) continue;
      if (one.qualified) out.push_back(one.doc);
      if (!one.qualified) unqualified.push_back({one.doc, base[one.doc]});
    }
  }
  std::ranges::sort(unqualified, is_better);
  const auto again = std::ranges::unique(unqualified, {}, &Hit::doc);
  unqualified.erase(again.begin(), again.end());
  std::map<std::uint32_t, std::size_t> named;
  for (const Hit& hit : unqualified) {
    const std::uint32_t server = servers_.of(hit.doc);
    if (server == Servers::kNone || ++named[server] <= kMaxNamed) out.push_back(hit.doc);
  }
  make_set(out);
  return out;
}

// A document without any evidence of its own may still be meant when its server's others match.
// Those of the best servers fill up the head.
void Engine::append_siblings(const Query& query, std::span<const DocId> exact,
                             Scratch& scratch) const {
  const BaseScores& base = scratch.base;
  std::vector<Hit> siblings;
  for (DocId doc = 0; doc < size(); ++doc) {
    const std::uint32_t server = servers_.of(doc);
    const float best = base[doc] > 0 ? 0 : scratch.servers.of(server, 0);
    if (best == 0 || std::ranges::binary_search(exact, doc)) continue;
    if (std::ranges::binary_search(base.too_far(), doc)) continue;
    if (base.is_hybrid() && vectors_.has(doc)) continue;  // found already, as the furthest one
    if (!query.visible || query.visible(doc)) siblings.push_back({doc, best});
  }
  keep_best(siblings, kHeadSize - scratch.hits.size());
  for (const Hit& hit : siblings) scratch.hits.push_back({hit.doc, 0});
}

// Fills scratch.hits: exact names, then the others by base score. What was found and was used
// before belongs to the head even if its base score alone would not place it there.
void Engine::collect(const Query& query, Scratch& scratch) const {
  const std::vector<DocId> exact = exact_documents(query, scratch.base);
  std::vector<Hit>& hits = scratch.hits;
  hits.clear();
  for (const DocId doc : scratch.base.found()) {
    if (std::ranges::binary_search(exact, doc)) continue;
    hits.push_back({doc, scratch.base[doc] + usage_bonus(query, doc)});
  }
  if (hits.size() < kHeadSize) append_siblings(query, exact, scratch);
  keep_best(hits, std::max(query.limit, kHeadSize));
  if (!query.used.empty()) {
    for (Hit& hit : hits) hit.score = scratch.base[hit.doc];
    std::ranges::sort(std::span(hits).subspan(std::min(hits.size(), kHeadSize)), is_better);
  }
  std::vector<Hit> named;
  for (const DocId doc : exact) named.push_back({doc, scratch.base[doc]});
  scratch.exact = named.size();
  scratch.head = named.size() + std::min(hits.size(), kHeadSize);
  hits.insert(hits.begin(), named.begin(), named.end());
}

// For each of `head`, whose scores are base scores. A tool without rows of its name gets the mean
// of those that have them: not knowing is no evidence against it.
std::vector<Correction> Engine::corrections(std::span<const Hit> head, const Query& query,
                                            const Scratch& scratch) const {
  const BaseScores& base = scratch.base;
  const HeadWeights weights = base.is_hybrid() ? head_weights(base.share()) : HeadWeights{};
  std::vector<std::optional<float>> covers;
  float sum = 0;
  float known = 0;
  for (const Hit& hit : head) {
    covers.push_back(base.is_hybrid() ? name_rows_.cover(hit.doc, *query.embedding) : std::nullopt);
    sum += covers.back().value_or(0);
    known += covers.back() ? 1.F : 0.F;
  }
  const float mean = known > 0 ? sum / known : 0;
  std::vector<Correction> out;
  for (std::size_t i = 0; i < head.size(); ++i) {
    const DocId doc = head[i].doc;
    const std::size_t bigrams =
        scratch.bigrams.empty() ? 0 : count_common(scratch.bigrams, lexical_.bigrams(doc));
    out.push_back({
        .server = weights.server_best * scratch.servers.of(servers_.of(doc), base[doc]),
        .name = weights.name_cover * covers[i].value_or(mean),
        .sentence = weights.sentence_cosine * base.sentence_cosine(doc),
        .bigrams = weights.bigram * static_cast<float>(std::min(kMaxBigrams, bigrams)),
        .usage = usage_bonus(query, doc),
    });
  }
  return out;
}

// Whether two tools of one server say the same: most pairs of adjacent words in common.
bool Engine::is_repeat(DocId a, DocId b) const {
  if (servers_.of(a) == Servers::kNone || servers_.of(a) != servers_.of(b)) return false;
  return are_alike(lexical_.bigrams(a), lexical_.bigrams(b));
}

// A server that offers the same tool in many dresses gets two places by it. `placed` is ordered.
void Engine::weaken_repeats(std::span<Placed> placed) const {
  for (std::size_t i = 0; i < placed.size(); ++i) {
    std::size_t before = 0;
    for (std::size_t j = 0; j < i && before < kMaxRepeats; ++j) {
      before += is_repeat(placed[i].hit.doc, placed[j].hit.doc) ? 1 : 0;
    }
    if (before < kMaxRepeats) continue;
    placed[i].added.repeat = -kRepeatPenalty;
    placed[i].hit.score -= kRepeatPenalty;
  }
}

// One server alone does not fill the first places, as long as another has something comparable: the
// best of the others gets the last of them. `placed` is ordered, and stays so.
void Engine::make_room(std::span<Placed> placed) const {
  if (placed.size() <= kShared) return;
  const std::uint32_t server = servers_.of(placed[0].hit.doc);
  const auto is_same = [&](const Placed& one) { return servers_.of(one.hit.doc) == server; };
  if (server == Servers::kNone || !std::ranges::all_of(placed.first(kShared), is_same)) return;
  const auto other = std::ranges::find_if_not(placed, is_same);
  if (other == placed.end() || other->hit.score < kComparable * placed[0].hit.score) return;
  const double score = placed[kShared - 1].hit.score;
  other->added.room = static_cast<float>(score - other->hit.score);
  other->hit.score = score;
  std::ranges::rotate(placed.begin() + kShared - 1, other, other + 1);
}

// What scratch.hits begins with, corrected: exact names first.
std::vector<Placed> Engine::ranked_head(const Query& query, Scratch& scratch) const {
  collect(query, scratch);
  const auto added = corrections(std::span(scratch.hits).first(scratch.head), query, scratch);
  std::vector<Placed> out;
  for (std::size_t i = 0; i < scratch.head; ++i) {
    const Hit& base = scratch.hits[i];
    const float bonus = i < scratch.exact ? kExactBonus : 0;
    out.push_back({{base.doc, base.score + added[i].sum() + bonus}, added[i]});
  }
  for (const std::span part :
       {std::span(out).first(scratch.exact), std::span(out).subspan(scratch.exact)}) {
    std::ranges::sort(part, is_better, &Placed::hit);
    weaken_repeats(part);
    std::ranges::sort(part, is_better, &Placed::hit);
    make_room(part);
  }
  return out;
}

// The corrected head, then what is behind it by base score.
std::vector<Hit> Engine::ranked(const Query& query, Scratch& scratch) const {
  std::vector<Hit> out;
  for (const Placed& one : ranked_head(query, scratch)) out.push_back(one.hit);
  const auto rest = std::span(scratch.hits).subspan(scratch.head);
  out.insert(out.end(), rest.begin(), rest.end());
  if (out.size() > query.limit) out.resize(query.limit);
  return out;
}

Ranking Engine::search(const Query& query) const {
  Scratch& scratch = thread_scratch();
  const Request request = read_request(query);
  score(request, query, scratch);
  Ranking out;
  out.hits = ranked(query, scratch);
  if (out.hits.empty() && query.limit > 0) put_nearest(request, query, out);
  if (out.hits.empty() && request.is_cut) {
    out.note += "; of the request only the first 48 and the last 16 KiB were read";
  }
  if (query.limit == 0) out.note = "none were asked for: the limit is 0";
  return out;
}

// By meaning, when nothing but the distance threshold stood in the way; else by the names and words
// that are most like the request's; else some of each server, so that the caller sees what there
// is.
void Engine::put_nearest(const Request& request, const Query& query, Ranking& out) const {
  const BaseScores& base = thread_scratch().base;
  if (!base.too_far().empty()) {
    for (const DocId doc : base.too_far()) out.candidates.push_back({doc, base.nearest(doc)});
    keep_best(out.candidates, kMaxCandidates);
    out.note =
        "no tool has a word of the request, and none is within the distance threshold; candidates"
        " are the nearest in meaning";
    return;
  }
  std::size_t words = 0;
  thread_analyzer().for_each_term(request.text, [&](std::string_view) { ++words; });
  out.note = size() == 0  ? "there are no tools to search"
             : words == 0 ? "the request has no words to search by"
                          : "no tool has a word of the request";
  for (const DocId doc : nearest_to(request, query)) {
    out.candidates.push_back({doc, 1. / static_cast<double>(out.candidates.size() + 1)});
  }
  if (!out.candidates.empty()) {
    out.note += "; candidates are those whose names or words are most like it";
    return;
  }
  for (const DocId doc : examples(query)) out.candidates.push_back({doc, 0});
  if (size() == 0) return;
  out.note += out.candidates.empty()
                  ? "; the filters leave no tool"
                  : " and none is like it; candidates are only examples of the tools there are";
}

// By names and words that are spelled nearly so; without any, by words that have most letters in
// common with the request's.
std::vector<DocId> Engine::nearest_to(const Request& request, const Query& query) const {
  std::vector<DocId> out = names_.nearest_to(request.text, kMaxCandidates, query.visible);
  append_found(lexical_.respelled_terms(request.text), query, out);
  if (out.empty()) append_found(lexical_.lookalike_terms(request.text), query, out);
  return out;
}

// What the terms find, as long as there are fewer than kMaxCandidates.
void Engine::append_found(std::span<const RequestTerm> terms, const Query& query,
                          std::vector<DocId>& out) const {
  DenseScores& scores = thread_scratch().respelled;
  scores.reset(size());
  lexical_.add_scores(terms, scores);
  if (query.visible) scores.keep_if(query.visible);
  std::vector<Hit> hits;
  for (const DocId doc : scores.touched()) hits.push_back({doc, scores[doc]});
  keep_best(hits, kMaxCandidates);
  for (const Hit& hit : hits) {
    if (out.size() == kMaxCandidates) return;
    if (std::ranges::find(out, hit.doc) == out.end()) out.push_back(hit.doc);
  }
}

// The first visible tool of each server, then the second of each, and so on.
std::vector<DocId> Engine::examples(const Query& query) const {
  std::map<std::uint32_t, std::size_t> seen;
  std::vector<std::pair<std::size_t, DocId>> rounds;
  for (DocId doc = 0; doc < size(); ++doc) {
    if (query.visible && !query.visible(doc)) continue;
    const std::size_t round = seen[servers_.of(doc)]++;
    if (round < kMaxCandidates) rounds.emplace_back(round, doc);
  }
  std::ranges::sort(rounds);
  if (rounds.size() > kMaxCandidates) rounds.resize(kMaxCandidates);
  std::vector<DocId> out;
  for (const auto& [round, doc] : rounds) out.push_back(doc);
  return out;
}

std::vector<Explanation> Engine::explain_all(const Query& query,
                                             std::span<const DocId> docs) const {
  std::vector<Explanation> out(docs.size());
  Explained all;
  for (std::size_t i = 0; i < docs.size(); ++i) {
    const bool may_be_seen = docs[i] < size() && (!query.visible || query.visible(docs[i]));
    if (may_be_seen) all.emplace_back(docs[i], &out[i]);
  }
  if (all.empty()) return out;
  Scratch& scratch = thread_scratch();
  const Request request = read_request(query);
  explain_ranks(request, query, all, scratch.base);
  score(request, query, scratch);
  explain_head(query, all, scratch);
  explain_base(request, query, all, scratch.base);
  return out;
}

// Where each arm alone would place the documents, and how many others may not be seen.
void Engine::explain_ranks(const Request& request, const Query& query, const Explained& all,
                           BaseScores& base) const {
  const auto rank = [&](DocId doc) -> std::size_t {
    if (base[doc] == 0) return 0;
    const Hit self{doc, base[doc]};
    return 1 + static_cast<std::size_t>(std::ranges::count_if(base.found(), [&](DocId other) {
             return is_better({other, base[other]}, self);
           }));
  };
  base.compute(arms(), request, query, 0);
  for (const auto& [doc, out] : all) out->lexical_rank = rank(doc);
  // A document with a word of the request has a place in meaning, too, however far it is.
  Query wide = query;
  wide.distance_threshold = 2;
  base.compute(arms(), request, wide, 1);
  std::size_t hidden = 0;
  for (DocId other = 0; query.visible && other < size(); ++other) {
    hidden += query.visible(other) ? 0 : 1;
  }
  for (const auto& [doc, out] : all) {
    if (base.is_hybrid() && vectors_.has(doc)) out->semantic_rank = rank(doc);
    out->hidden = hidden;
  }
}

// What is added to the base scores.
void Engine::explain_head(const Query& query, const Explained& all, Scratch& scratch) const {
  const std::vector<Placed> head = ranked_head(query, scratch);
  const auto exact = std::span(scratch.hits).first(scratch.exact);
  for (const auto& [doc, out] : all) {
    const auto place = std::ranges::find(head, doc, [](const Placed& one) { return one.hit.doc; });
    out->in_head = place != head.end();
    if (out->in_head) {
      out->server_part = place->added.server;
      out->name_part = place->added.name;
      out->sentence_part = place->added.sentence;
      out->bigram_part = place->added.bigrams;
      out->usage_part = place->added.usage;
      out->repeat_part = place->added.repeat;
      out->room_part = place->added.room;
    }
    out->exact_name = std::ranges::find(exact, doc, &Hit::doc) != exact.end();
    if (out->exact_name) out->exact_part = kExactBonus;
    out->too_far = scratch.base.too_far().size();
    if (vectors_.has(doc)) out->cosine = scratch.base.nearest(doc);
  }
}

// Both arms' parts of the base scores, from the whole request and the part of it that counts for a
// document: unit by unit, each computed once.
void Engine::explain_base(const Request& request, const Query& query, const Explained& all,
                          BaseScores& base) const {
  std::vector<std::size_t> units = {0};
  for (const auto& [doc, out] : all) units.push_back(base.best_part(doc));
  std::ranges::sort(units);
  units.erase(std::ranges::unique(units).begin(), units.end());
  for (const std::size_t unit : units) {
    base.compute_unit(arms(), request, query, unit);
    const auto terms = lexical_.request_terms(base.text_of(request, unit));
    for (const auto& [doc, out] : all) {
      const bool counts = base[doc] != 0 && (unit == 0 || base.best_part(doc) == unit);
      if (counts) explain_unit(request, unit, base, doc, terms, *out);
    }
  }
  for (const auto& [doc, out] : all) {
    for (const double field : out->field_scores) out->lexical += field;
  }
}

// Adds what one unit, whose terms those are, says of the document.
void Engine::explain_unit(const Request& request, std::size_t unit, const BaseScores& base,
                          DocId doc, std::span<const RequestTerm> terms, Explanation& out) const {
  const double whole = base.whole_share(request);
  const double factor = unit == 0 ? whole : 1 - whole;
  out.semantic += factor * base.share() * base.of_unit(arms(), doc).semantic;
  if (base.unit_best() == 0) return;
  for (const LexicalIndex::Match& match : lexical_.explain(terms, doc)) {
    for (std::size_t f = 0; f < kFieldCount; ++f) {
      out.field_scores[f] += factor * (1 - base.share()) * match.shares[f] / base.unit_best();
    }
    if (unit > 0) continue;
    std::string text(lexical_.term_text(match.term.term));
    if (match.term.word != kNoTerm) {
      text = std::string(lexical_.term_text(match.term.word)) + "~" + text;
    }
    out.matched_terms.push_back(std::move(text));
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

std::vector<Explanation> explain_hits(const Index& index, const Query& query,
                                      const Ranking& ranking) {
  std::vector<DocId> docs;
  for (const Hit& hit : ranking.hits) docs.push_back(hit.doc);
  return index.explain_all(query, docs);
}

std::unique_ptr<const Index> build_index(std::vector<Part> parts) {
  return std::make_unique<const Engine>(parts);
}

std::unique_ptr<const Index> build_index(std::vector<Document> documents) {
  return build_index(std::vector<Part>{{.documents = prepare(documents)}});
}

}  // namespace mcpo::search
