// Embeddings of the last requests. Bounded by number and by bytes, because the token vectors of one
// long request take 400 KB.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "search/embedding.h"

namespace mcpo::embed {

// Not thread-safe.
class RequestCache {
 public:
  using Value = std::shared_ptr<const search::RequestEmbedding>;
  RequestCache(std::size_t max_entries, std::size_t max_bytes)
      : max_entries_(max_entries), max_bytes_(max_bytes) {}

  Value find(std::string_view key);  // null when absent; makes it the newest
  // Drops the oldest ones to make room; what does not fit at all is not kept.
  void put(std::string key, Value value);
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::size_t bytes = 0;
  };
  void erase(std::list<Entry>::iterator entry);

  std::size_t max_entries_;
  std::size_t max_bytes_;
  std::list<Entry> entries_;                                                 // newest first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // views of the keys
  std::size_t bytes_ = 0;
};

}  // namespace mcpo::embed
