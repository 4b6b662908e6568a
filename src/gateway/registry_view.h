// The servers that could be installed, prepared for finding: one version of the registries.
// Immutable, as View is for the servers that run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catalog/model.h"
#include "gateway/embedding_book.h"
#include "search/engine.h"

namespace mcpo::gateway {

// One entry's documents: itself, then its tools in the registry's order.
struct PreparedEntry {
  std::shared_ptr<const RegistryEntry> entry;
  std::shared_ptr<const search::PreparedDocuments> documents;
  std::vector<ContentHash> texts;  // of each document, for its embedding
};

struct RankedEntry {
  const RegistryEntry* entry = nullptr;  // lives as long as the view
  double score = 0;                      // comparable within one ranking only
  std::vector<std::size_t> tools;        // of entry->tools: those that match, best first
};

struct EntryRanking {
  std::vector<RankedEntry> entries;     // best first
  std::vector<RankedEntry> candidates;  // when there are none: the nearest
  std::string note;                     // when there are none: why
};

class RegistryView {
 public:
  using Ptr = std::shared_ptr<const RegistryView>;
  using Registries = std::map<SourceInstance, std::shared_ptr<const catalog::Registry>>;

  // `previous` itself when neither the registries nor what `embeddings` says of them changed, which
  // costs next to nothing while the registries are the same objects; entries that stay the same are
  // never prepared twice. A whole registry takes tens of milliseconds: call it on a CPU pool. Of
  // two entries with one name the first counts. `embeddings` null: everything is found by words.
  static Ptr build(const Registries& registries, const EmbeddingBook* embeddings,
                   const Ptr& previous);

  // Texts that `embeddings` does not have, each once.
  std::vector<WantedText> wanted_texts(const EmbeddingBook& embeddings) const;
  // All of them: what is worth keeping.
  std::vector<ContentHash> texts() const;

  std::size_t entry_count() const { return entries_.size(); }
  const search::Index& index() const { return *index_; }

  // The best `limit` entries for `query`, whose own limit and visibility are not used: an entry is
  // as good as its best document, further ones add a little. Entries that the query names come
  // first.
  EntryRanking rank(search::Query query, std::size_t limit) const;

 private:
  using EntryPtr = std::shared_ptr<const PreparedEntry>;
  using Embeddings = std::vector<EmbeddingBook::Ptr>;  // of one entry's documents

  RegistryView() = default;
  void prepare(const Registries& registries, const RegistryView* previous);
  void look_up(const EmbeddingBook& embeddings);
  void index();
  bool is_same_as(const RegistryView& other) const {
    return entries_ == other.entries_ && embeddings_ == other.embeddings_;
  }
  std::vector<RankedEntry> fold(const std::vector<search::Hit>& hits) const;
  void promote_named(const search::Query& query, std::vector<RankedEntry>& entries) const;

  Registries registries_;
  std::uint64_t book_version_ = 0;       // when the embeddings were looked up
  std::vector<EntryPtr> entries_;        // by name
  std::vector<Embeddings> embeddings_;   // as entries_; empty without a book
  std::vector<std::uint32_t> entry_of_;  // by document
  std::vector<search::DocId> first_;     // document of each entry
  std::unique_ptr<const search::Index> index_;
};

}  // namespace mcpo::gateway
