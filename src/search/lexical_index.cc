#include "search/lexical_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"
#include "search/analyzer.h"
#include "search/bigrams.h"
#include "search/bm25.h"
#include "search/unwanted.h"
#include "search/word_lists.h"

namespace mcpo::search {
namespace {

constexpr std::uint16_t kNoClass = 0xffff;
constexpr std::size_t kMaxRespelledWords = 4;
constexpr std::size_t kMaxUnknownWords = 16;
constexpr double kLookalikeShare = .5;         // of two words' pairs of letters, that are in both
constexpr std::size_t kMinRespelledBytes = 5;  // shorter words have too many neighbours
constexpr std::size_t kMinTwiceRespelledBytes = 8;  // two letters may differ

// Calls each(first, last) for every run of occurrences of one term.
template <class F>
void for_each_term_of(std::span<const Occurrence> all, F each) {
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i + 1;
    while (end < all.size() && all[end].term == all[i].term) ++end;
    each(all.subspan(i, end - i));
    i = end;
  }
}

// Of adjacent characters: a set.
std::vector<std::uint32_t> letter_pairs(std::string_view word) {
  std::vector<std::uint32_t> out;
  std::uint32_t before = 0;
  for (std::size_t at = 0; at < word.size();) {
    std::uint32_t letter = static_cast<unsigned char>(word[at++]);
    for (; at < word.size() && (word[at] & 0xc0) == 0x80; ++at) {
      letter = letter << 6 ^ static_cast<unsigned char>(word[at]);
    }
    if (before != 0) out.push_back(before << 16 ^ letter);
    before = letter;
  }
  make_set(out);
  return out;
}

struct StemmedClass {
  std::vector<std::string> terms;
};

// The table of synonyms, each stem in its first class only.
std::vector<StemmedClass> stemmed_classes() {
  std::vector<StemmedClass> out;
  std::vector<std::string> seen;
  Analyzer analyzer;
  for (const std::string_view words : synonym_classes()) {
    StemmedClass& one = out.emplace_back();
    analyzer.for_each_term(words, [&](std::string_view term) {
      if (std::ranges::find(seen, term) != seen.end()) return;
      seen.emplace_back(term);
      one.terms.emplace_back(term);
    });
  }
  return out;
}

}  // namespace

LexicalIndex::LexicalIndex(Parts parts) : parts_(std::move(parts)), postings_({}) {
  for (const auto& part : parts_) {
    part_begins_.push_back(static_cast<DocId>(size_));
    size_ += part->size();
  }
  average_lengths_ = average_lengths();
  fill_postings(number_terms());
  place_synonyms();
  place_abbreviations();
  place_spellings();
}

// For each part, the index's number of each of its terms.
std::vector<std::vector<std::uint32_t>> LexicalIndex::number_terms() {
  std::vector<std::vector<std::uint32_t>> numbers;
  numbers.reserve(parts_.size());
  for (const auto& part : parts_) {
    auto& of_part = numbers.emplace_back(part->term_count());
    for (std::uint32_t local = 0; local < of_part.size(); ++local) {
      const std::string_view text = part->term(local);
      const auto is_same = [&](std::uint32_t known) { return term_texts_[known] == text; };
      of_part[local] = terms_.find_or_add(part->term_hash(local), is_same);
      if (of_part[local] == term_texts_.size()) term_texts_.push_back(text);
    }
  }
  return numbers;
}

LexicalIndex::FieldNumbers LexicalIndex::average_lengths() const {
  FieldNumbers out{};
  for (const auto& part : parts_) {
    for (std::size_t doc = 0; doc < part->size(); ++doc) {
      for (std::size_t f = 0; f < kFieldCount; ++f) out[f] += part->lengths(doc)[f];
    }
  }
  for (double& length : out) length /= static_cast<double>(std::max<std::size_t>(size_, 1));
  return out;
}

LexicalIndex::FieldNumbers LexicalIndex::occurrence_weights(const PreparedDocuments& part,
                                                            std::size_t doc) const {
  FieldNumbers out{};
  for (std::size_t f = 0; f < kFieldCount; ++f) {
    out[f] = occurrence_weight(kFieldParameters[f], part.lengths(doc)[f], average_lengths_[f]);
  }
  return out;
}

void LexicalIndex::fill_postings(const std::vector<std::vector<std::uint32_t>>& numbers) {
  std::vector<std::uint32_t> counts(term_texts_.size());
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    for (std::size_t doc = 0; doc < parts_[p]->size(); ++doc) {
      for_each_term_of(parts_[p]->occurrences(doc),
                       [&](auto run) { ++counts[numbers[p][run.front().term]]; });
    }
  }
  idf_.reserve(counts.size());
  for (const auto count : counts) idf_.push_back(inverse_document_frequency(size_, count));
  postings_ = Postings(counts);
  DocId number = 0;
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    for (std::size_t doc = 0; doc < parts_[p]->size(); ++doc, ++number) {
      const FieldNumbers weights = occurrence_weights(*parts_[p], doc);
      for_each_term_of(parts_[p]->occurrences(doc), [&](auto run) {
        double x = 0;
        for (const Occurrence& one : run) x += weights[one.field] * one.count;
        const std::uint32_t term = numbers[p][run.front().term];
        postings_.add(term, {number, static_cast<float>(idf_[term] * saturated(x))});
      });
    }
  }
}

void LexicalIndex::place_synonyms() {
  static const std::vector<StemmedClass> classes = stemmed_classes();
  synonym_class_.assign(term_texts_.size(), kNoClass);
  class_members_.resize(classes.size());
  for (std::size_t c = 0; c < classes.size(); ++c) {
    for (const std::string& text : classes[c].terms) {
      const std::uint32_t term = find_term(text);
      if (term == kNoTerm) continue;
      synonym_class_[term] = static_cast<std::uint16_t>(c);
      class_members_[c].push_back(term);
    }
  }
}

std::uint32_t LexicalIndex::find_term(std::string_view text) const {
  return terms_.find(term_hash(text),
                     [&](std::uint32_t known) { return term_texts_[known] == text; });
}

// Empty parts share their begin with the next: the last one that begins there has the document.
LexicalIndex::Place LexicalIndex::place_of(DocId doc) const {
  const auto after = std::ranges::upper_bound(part_begins_, doc);
  const auto number = static_cast<std::size_t>(after - part_begins_.begin()) - 1;
  return {parts_[number].get(), doc - part_begins_[number]};
}

std::vector<RequestTerm> LexicalIndex::request_terms(std::string_view text) const {
  std::vector<std::uint32_t> numbers;
  std::vector<std::string> unknown;
  thread_analyzer().for_each_term(text, [&](std::string_view term) {
    const std::uint32_t number = find_term(term);
    if (number != kNoTerm) numbers.push_back(number);
    if (number == kNoTerm && unknown.size() < kMaxUnknownWords) unknown.emplace_back(term);
  });
  std::ranges::sort(numbers);
  std::vector<RequestTerm> terms;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i;
    while (end < numbers.size() && numbers[end] == numbers[i]) ++end;
    terms.push_back({numbers[i], static_cast<float>(request_weight(end - i))});
    i = end;
  }
  weaken_unwanted(text, terms);
  append_abbreviations(unknown, terms);
  append_respelled(unknown, terms);
  append_synonyms(terms);
  return terms;
}

// Terms that stand only where the request says what it does not want count less, unless there are
// no others.
void LexicalIndex::weaken_unwanted(std::string_view text, std::vector<RequestTerm>& terms) const {
  const std::string unwanted = unwanted_text(text);
  if (unwanted.empty()) return;
  std::vector<std::uint32_t> numbers;
  thread_analyzer().for_each_term(unwanted, [&](std::string_view term) {
    if (const std::uint32_t number = find_term(term); number != kNoTerm) numbers.push_back(number);
  });
  std::ranges::sort(numbers);
  const auto is_unwanted = [&](const RequestTerm& term) {
    const auto times = std::ranges::equal_range(numbers, term.term).size();
    return times > 0 && request_weight(times) >= term.weight;
  };
  if (std::ranges::all_of(terms, is_unwanted)) return;
  for (RequestTerm& term : terms) {
    if (is_unwanted(term)) term.weight *= static_cast<float>(kUnwantedShare);
  }
}

void LexicalIndex::place_abbreviations() {
  Analyzer analyzer;
  for (const auto& [word, expansion] : abbreviations()) {
    PlacedAbbreviation placed{analyzer.term_of(word), find_term(analyzer.term_of(word)), {}, true};
    analyzer.for_each_term(expansion, [&](std::string_view term) {
      const std::uint32_t number = find_term(term);
      placed.is_whole = placed.is_whole && number != kNoTerm;
      if (number != kNoTerm) placed.expansion.push_back(number);
    });
    if (!placed.expansion.empty()) abbreviations_.push_back(std::move(placed));
  }
}

void LexicalIndex::append_abbreviations(const std::vector<std::string>& unknown,
                                        std::vector<RequestTerm>& terms) const {
  const std::size_t own = terms.size();
  const auto add = [&](std::uint32_t term, std::uint32_t word) {
    if (std::ranges::find(terms, term, &RequestTerm::term) != terms.end()) return;
    terms.push_back({term, static_cast<float>(kAbbreviationWeight), word});
  };
  const auto has = [&](std::uint32_t term) {
    const auto all = std::span(terms).first(own);
    return std::ranges::find(all, term, &RequestTerm::term) != all.end();
  };
  for (const PlacedAbbreviation& one : abbreviations_) {
    const bool is_short = one.number != kNoTerm
                              ? has(one.number)
                              : std::ranges::find(unknown, one.term) != unknown.end();
    if (is_short) {
      for (const std::uint32_t term : one.expansion) add(term, one.number);
    } else if (one.number != kNoTerm && one.is_whole && std::ranges::all_of(one.expansion, has)) {
      add(one.number, one.expansion.front());
    }
  }
}

void LexicalIndex::place_spellings() {
  for (std::uint32_t term = 0; term < term_texts_.size(); ++term) {
    if (term_texts_[term].size() + 2 >= kMinRespelledBytes) spellings_.push_back(term);
  }
  std::ranges::sort(spellings_, {}, [&](std::uint32_t term) {
    const std::string_view text = term_texts_[term];
    return std::tuple(text[0], text.size(), term);
  });
}

// The most similar term that begins like `word`, by a letter or two; of several the one that more
// documents have.
std::uint32_t LexicalIndex::find_spelling(std::string_view word) const {
  // A number is not a mistyped other number.
  if (word.size() < kMinRespelledBytes || std::ranges::any_of(word, is_digit)) return kNoTerm;
  std::size_t limit = word.size() < kMinTwiceRespelledBytes ? 1 : 2;
  const auto key = [&](std::uint32_t term) {
    return std::pair(term_texts_[term][0], term_texts_[term].size());
  };
  const auto begin =
      std::ranges::lower_bound(spellings_, std::pair(word[0], word.size() - limit), {}, key);
  const auto end =
      std::ranges::upper_bound(spellings_, std::pair(word[0], word.size() + limit), {}, key);
  std::uint32_t nearest = kNoTerm;
  for (const std::uint32_t term : std::ranges::subrange(begin, end)) {
    const std::size_t distance = edit_distance(word, term_texts_[term], limit);
    if (distance > limit) continue;
    const bool is_nearer = nearest == kNoTerm || distance < limit ||
                           postings_.document_count(term) > postings_.document_count(nearest);
    if (is_nearer) nearest = term;
    limit = distance;
  }
  return nearest;
}

void LexicalIndex::append_respelled(const std::vector<std::string>& unknown,
                                    std::vector<RequestTerm>& terms) const {
  for (const std::string& word : unknown) {
    const std::uint32_t term = find_spelling(word);
    if (term == kNoTerm) continue;
    if (std::ranges::find(terms, term, &RequestTerm::term) != terms.end()) continue;
    terms.push_back({term, static_cast<float>(kRespelledWeight)});
  }
}

// e(w,v) = .2 * min(1, idf(w) / idf(v)) * weight(w), summed over the request's words w of v's
// class, at most .2: a synonym counts at most as much as the word itself would.
void LexicalIndex::append_synonyms(std::vector<RequestTerm>& terms) const {
  const std::size_t own = terms.size();
  std::vector<std::uint16_t> done;
  for (std::size_t i = 0; i < own; ++i) {
    const std::uint16_t number = synonym_class_[terms[i].term];
    if (number == kNoClass || std::ranges::find(done, number) != done.end()) continue;
    done.push_back(number);
    for (const std::uint32_t synonym : class_members_[number]) {
      double weight = 0;
      for (std::size_t w = i; w < own; ++w) {
        const std::uint32_t word = terms[w].term;
        if (synonym_class_[word] != number) continue;
        weight += kSynonymWeight * std::min(1., idf_[word] / idf_[synonym]) * terms[w].weight;
      }
      if (std::ranges::find(terms, synonym, &RequestTerm::term) != terms.end()) continue;
      const double capped = std::min(weight, kSynonymWeight);
      terms.push_back({synonym, static_cast<float>(capped), terms[i].term});
    }
  }
}

std::vector<RequestTerm> LexicalIndex::respelled_terms(std::string_view text) const {
  std::vector<std::string> unknown;
  thread_analyzer().for_each_term(text, [&](std::string_view term) {
    const bool is_wanted = term.size() >= 4 && unknown.size() < kMaxRespelledWords;
    if (is_wanted && find_term(term) == kNoTerm) unknown.emplace_back(term);
  });
  std::vector<RequestTerm> out;
  for (const std::string& word : unknown) {
    std::size_t limit = word.size() < 6 ? 1 : 2;
    std::uint32_t nearest = kNoTerm;
    for (std::uint32_t term = 0; term < term_texts_.size(); ++term) {
      const std::size_t distance = edit_distance(word, term_texts_[term], limit);
      if (distance > limit) continue;
      nearest = term;
      if (distance == 0) break;
      limit = distance - 1;
    }
    if (nearest != kNoTerm) out.push_back({nearest, 1});
  }
  return out;
}

std::vector<RequestTerm> LexicalIndex::lookalike_terms(std::string_view text) const {
  struct Best {
    std::vector<std::uint32_t> pairs;
    double share = kLookalikeShare;
    std::uint32_t term = kNoTerm;
  };
  std::vector<Best> words;
  thread_analyzer().for_each_term(text, [&](std::string_view word) {
    if (words.size() < kMaxRespelledWords) words.push_back({.pairs = letter_pairs(word)});
  });
  std::erase_if(words, [](const Best& word) { return word.pairs.size() < 2; });
  for (std::uint32_t term = 0; !words.empty() && term < term_texts_.size(); ++term) {
    const auto pairs = letter_pairs(term_texts_[term]);
    for (Best& word : words) {
      const auto common = static_cast<double>(count_common(word.pairs, pairs));
      const double share = 2 * common / static_cast<double>(word.pairs.size() + pairs.size());
      if (share < word.share || (share == word.share && word.term != kNoTerm)) continue;
      word.share = share;
      word.term = term;
    }
  }
  std::vector<RequestTerm> out;
  for (const Best& word : words) {
    if (word.term != kNoTerm) out.push_back({word.term, static_cast<float>(word.share)});
  }
  return out;
}

void LexicalIndex::add_scores(std::span<const RequestTerm> terms, DenseScores& scores) const {
  for (const RequestTerm& term : terms) scores.add(postings_.of(term.term), term.weight);
}

std::vector<LexicalIndex::Match> LexicalIndex::explain(std::span<const RequestTerm> terms,
                                                       DocId doc) const {
  std::vector<Match> out;
  if (doc >= size_) return out;
  const Place place = place_of(doc);
  const FieldNumbers weights = occurrence_weights(*place.part, place.local);
  for_each_term_of(place.part->occurrences(place.local), [&](auto run) {
    const std::uint32_t number = find_term(place.part->term(run.front().term));
    const auto asked = std::ranges::find(terms, number, &RequestTerm::term);
    if (asked == terms.end()) return;
    double x = 0;
    for (const Occurrence& one : run) x += weights[one.field] * one.count;
    const double score = asked->weight * idf_[number] * saturated(x);
    Match& match = out.emplace_back(Match{*asked});
    for (const Occurrence& one : run) {
      match.shares[one.field] += score * weights[one.field] * one.count / x;
    }
  });
  return out;
}

std::size_t LexicalIndex::memory_bytes() const {
  std::size_t bytes = postings_.memory_bytes() + terms_.memory_bytes() +
                      term_texts_.capacity() * sizeof(std::string_view) +
                      idf_.capacity() * sizeof(double) + synonym_class_.capacity() * 2;
  for (const auto& part : parts_) bytes += part->memory_bytes();
  return bytes;
}

}  // namespace mcpo::search
