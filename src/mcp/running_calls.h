// The requests of one client that are being worked on, so that it can cancel them by id.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace mcpo::mcp {

// On one executor. Keys are raw JSON ids: 1 and "1" are different requests.
class RunningCalls {
 public:
  std::size_t size() const { return cancel_by_id_.size(); }
  bool empty() const { return cancel_by_id_.empty(); }
  bool contains(std::string_view id) const { return cancel_by_id_.contains(id); }
  // False: a request of that id is running already.
  bool add(const std::string& id, std::function<void()> cancel) {
    return cancel_by_id_.emplace(id, std::move(cancel)).second;
  }
  void remove(std::string_view id) {
    if (auto it = cancel_by_id_.find(id); it != cancel_by_id_.end()) cancel_by_id_.erase(it);
  }
  // Unknown and finished ids are ignored (S-72).
  void cancel(std::string_view id) {
    auto it = cancel_by_id_.find(id);
    if (it == cancel_by_id_.end()) return;
    auto cancel = std::move(it->second);
    cancel_by_id_.erase(it);
    cancel();
  }
  void cancel_all() {
    auto all = std::move(cancel_by_id_);
    cancel_by_id_.clear();
    for (auto& [id, cancel] : all) cancel();
  }

 private:
  std::map<std::string, std::function<void()>, std::less<>> cancel_by_id_;
};

}  // namespace mcpo::mcp
