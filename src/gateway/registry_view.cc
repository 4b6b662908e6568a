#include "gateway/registry_view.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "gateway/tool_document.h"
#include "install/registry_lookup.h"

namespace mcpo::gateway {
namespace {

constexpr std::size_t kSearchedHits = 200;                 // documents that are folded into entries
constexpr std::array<double, 2> kFurtherHits = {.1, .05};  // shares of an entry's next best
constexpr double kNamedBonus = 10;                         // more than any score of the engine

// The words that people know a server by are in its short name; the publisher's name counts as a
// tag does, because one publisher may have most of a registry.
search::Document entry_document(const RegistryEntry& entry) {
  search::Document out;
  out.server = install::short_name(entry.name);
  out.name = out.server;
  out.title = entry.title;
  out.description = entry.description;
  out.parameter_names = install::publisher(entry.name);
  for (const std::string& tag : entry.tags) out.parameter_names.append(" ").append(tag);
  out.server_description = entry.overview;
  return out;
}

std::vector<search::Document> documents_of(const RegistryEntry& entry) {
  std::vector<search::Document> out{entry_document(entry)};
  for (const RegistryTool& tool : entry.tools) {
    const bool is_known = !tool.definition.empty();
    search::Document document =
        tool_document(is_known ? RawJson::trusted(tool.definition) : RawJson());
    document.server = out.front().server;
    document.server_description = entry.description;
    document.name = tool.name;
    out.push_back(std::move(document));
  }
  return out;
}

std::shared_ptr<const PreparedEntry> prepare_entry(std::shared_ptr<const RegistryEntry> entry) {
  auto out = std::make_shared<PreparedEntry>();
  const auto documents = documents_of(*entry);
  out->documents = search::prepare(documents);
  for (const auto& document : documents) out->texts.push_back(wanted_text(document).hash);
  out->entry = std::move(entry);
  return out;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '/';
}

// `text` and `name` in lower case; not as a part of a longer name.
bool stands_in(std::string_view text, std::string_view name) {
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const auto end = at + name.size();
    const bool begins = at == 0 || (!is_name_character(text[at - 1]) && text[at - 1] != '.');
    if (begins && (end == text.size() || !is_name_character(text[end]))) return true;
  }
  return false;
}

// By its full name anywhere, or by its short name or title alone.
bool is_named(const RegistryEntry& entry, std::string_view lower_text) {
  const std::string name = ascii_lower(entry.name);
  if (name.empty() || lower_text.empty()) return false;
  if (lower_text == install::short_name(name) || lower_text == ascii_lower(entry.title))
    return true;
  return name.find('/') != std::string::npos && stands_in(lower_text, name);
}

bool is_better(const RankedEntry& a, const RankedEntry& b) {
  return a.score != b.score ? a.score > b.score : a.entry->name < b.entry->name;
}

}  // namespace

RegistryView::Ptr RegistryView::build(const Registries& registries, const EmbeddingBook* embeddings,
                                      const Ptr& previous) {
  const std::uint64_t book = embeddings == nullptr ? 0 : embeddings->version();
  const bool is_same_registry = previous != nullptr && previous->registries_ == registries;
  if (is_same_registry && previous->book_version_ == book) return previous;
  std::shared_ptr<RegistryView> view(new RegistryView());
  view->registries_ = registries;
  view->book_version_ = book;
  view->prepare(registries, previous.get());
  if (embeddings != nullptr) view->look_up(*embeddings);
  if (is_same_registry && view->is_same_as(*previous)) return previous;
  view->index();
  return view;
}

void RegistryView::prepare(const Registries& registries, const RegistryView* previous) {
  std::map<std::string_view, std::shared_ptr<const RegistryEntry>> by_name;
  for (const auto& [origin, registry] : registries) {
    for (const auto& [name, entry] : *registry) by_name.emplace(name, entry);
  }
  std::map<const RegistryEntry*, EntryPtr> known;
  if (previous != nullptr) {
    for (const EntryPtr& prepared : previous->entries_) known[prepared->entry.get()] = prepared;
  }
  for (const auto& [name, entry] : by_name) {
    const auto it = known.find(entry.get());
    entries_.push_back(it != known.end() ? it->second : prepare_entry(entry));
  }
}

void RegistryView::look_up(const EmbeddingBook& embeddings) {
  for (const EntryPtr& prepared : entries_) {
    Embeddings found;
    for (const ContentHash& text : prepared->texts) found.push_back(embeddings.find(text));
    embeddings_.push_back(std::move(found));
  }
}

void RegistryView::index() {
  std::vector<search::Part> parts;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    first_.push_back(static_cast<search::DocId>(entry_of_.size()));
    entry_of_.resize(entry_of_.size() + entries_[i]->texts.size(), static_cast<std::uint32_t>(i));
    parts.push_back({entries_[i]->documents, embeddings_.empty() ? Embeddings() : embeddings_[i]});
  }
  index_ = search::build_index(std::move(parts));
}

std::vector<WantedText> RegistryView::wanted_texts(const EmbeddingBook& embeddings) const {
  std::vector<WantedText> out;
  std::set<ContentHash> seen;
  for (const EntryPtr& prepared : entries_) {
    const auto is_missing = [&](const ContentHash& text) { return !embeddings.find(text); };
    if (std::ranges::none_of(prepared->texts, is_missing)) continue;
    for (const search::Document& document : documents_of(*prepared->entry)) {
      WantedText wanted = wanted_text(document);
      if (is_missing(wanted.hash) && seen.insert(wanted.hash).second) {
        out.push_back(std::move(wanted));
      }
    }
  }
  return out;
}

std::vector<ContentHash> RegistryView::texts() const {
  std::vector<ContentHash> out;
  for (const EntryPtr& prepared : entries_) {
    out.insert(out.end(), prepared->texts.begin(), prepared->texts.end());
  }
  return out;
}

EntryRanking RegistryView::rank(search::Query query, std::size_t limit) const {
  query.limit = kSearchedHits;
  query.visible = nullptr;  // it speaks of other documents
  const search::Ranking found = index_->search(query);
  EntryRanking out;
  out.entries = fold(found.hits);
  promote_named(query, out.entries);
  std::ranges::sort(out.entries, is_better);
  out.entries.resize(std::min(out.entries.size(), limit));
  if (!out.entries.empty()) return out;
  out.candidates = fold(found.candidates);
  std::ranges::sort(out.candidates, is_better);
  out.note = found.note;
  return out;
}

// Hits come best first.
std::vector<RankedEntry> RegistryView::fold(const std::vector<search::Hit>& hits) const {
  std::vector<RankedEntry> out;
  std::map<std::uint32_t, std::pair<std::size_t, std::size_t>> places;  // in `out`, and hits so far
  for (const search::Hit& hit : hits) {
    const std::uint32_t number = entry_of_[hit.doc];
    const auto [it, is_new] = places.try_emplace(number, out.size(), 0);
    if (is_new) out.push_back({entries_[number]->entry.get(), hit.score, {}});
    auto& [place, count] = it->second;
    RankedEntry& ranked = out[place];
    if (count > 0 && count <= kFurtherHits.size()) {
      ranked.score += kFurtherHits[count - 1] * hit.score;
    }
    ++count;
    if (hit.doc > first_[number]) ranked.tools.push_back(hit.doc - first_[number] - 1);
  }
  return out;
}

void RegistryView::promote_named(const search::Query& query,
                                 std::vector<RankedEntry>& entries) const {
  const auto lower = [](const std::string& text) {
    return ascii_lower(trim(std::string_view(text).substr(0, search::kMaxQueryBytes)));
  };
  const std::string description = lower(query.description);
  const std::string keywords = lower(query.keywords);
  for (const EntryPtr& prepared : entries_) {
    const RegistryEntry& entry = *prepared->entry;
    if (!is_named(entry, description) && !is_named(entry, keywords)) continue;
    const auto it = std::ranges::find(entries, &entry, &RankedEntry::entry);
    RankedEntry& ranked = it != entries.end() ? *it : entries.emplace_back();
    ranked.entry = &entry;
    ranked.score += kNamedBonus;
  }
}

}  // namespace mcpo::gateway
