#include "embed/request_cache.h"

#include <iterator>
#include <utility>

namespace mcpo::embed {
namespace {

std::size_t bytes_of(const std::string& key, const search::RequestEmbedding& value) {
  std::size_t numbers = value.vector.size() + value.rows.size();
  for (const auto& sentence : value.sentences) numbers += sentence.size();
  return key.size() + numbers * sizeof(search::Fixed);
}

}  // namespace

RequestCache::Value RequestCache::find(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->value;
}

void RequestCache::put(std::string key, Value value) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
  const std::size_t bytes = bytes_of(key, *value);
  if (max_entries_ == 0 || bytes > max_bytes_) return;
  while (entries_.size() >= max_entries_ || bytes_ + bytes > max_bytes_) {
    erase(std::prev(entries_.end()));
  }
  entries_.push_front({std::move(key), std::move(value), bytes});
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += bytes;
}

void RequestCache::erase(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace mcpo::embed
