// The exact-name rule: a tool whose name stands in a request is what the request means. And the
// names most like a request's words, for requests that nothing matches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "search/engine.h"
#include "search/prepared.h"

namespace mcpo::search {

// Immutable. Letters compare without case.
class ExactNames {
 public:
  explicit ExactNames(const std::vector<std::shared_ptr<const PreparedDocuments>>& parts);

  struct Mention {
    DocId doc = 0;
    bool qualified = false;  // by its server
  };
  // Documents whose name stands in `text`, in any order, perhaps more than once. ASCII names with
  // `_`, two `-` or digits behind letters count in any case, camelCase as written. What could stand
  // in any text ("search", "e-mail", "2025", words of other scripts) counts only when it is the
  // whole text, quoted, or qualified by its server: behind `server.`, `server:`, `server/` or
  // `server__` a name means that server's tool alone.
  std::vector<Mention> mentioned_in(std::string_view text) const;

  // Up to `count` documents whose names are most like a word of `text`, best first.
  std::vector<DocId> nearest_to(std::string_view text, std::size_t count,
                                const std::function<bool(DocId)>& visible) const;

  std::size_t memory_bytes() const { return by_hash_.capacity() * sizeof(Entry); }

 private:
  struct Entry {
    std::uint64_t hash;
    DocId doc;
    std::uint32_t part;
    std::uint32_t local;
    auto operator<=>(const Entry&) const = default;
  };
  struct Place;

  const std::string& name(const Entry& entry) const {
    return parts_[entry.part]->name(entry.local);
  }
  const std::string& server(const Entry& entry) const {
    return parts_[entry.part]->server(entry.local);
  }
  void add_mentions(const Place& place, std::vector<Mention>& out) const;

  std::vector<std::shared_ptr<const PreparedDocuments>> parts_;
  std::vector<Entry> by_hash_;  // of the name in lower case; sorted
};

}  // namespace mcpo::search
