// Requests whose answers come back on a shared channel, by id.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/one_shot.h"
#include "mcp/client/transport.h"

namespace mcpo::mcp {

class PendingRequests {
 public:
  using Answer = async::OneShot<Message>;

  explicit PendingRequests(async::Executor executor) : executor_(std::move(executor)) {}

  // Forgets the request when it goes.
  class Entry {
   public:
    Entry(PendingRequests& table, std::string id, std::shared_ptr<Answer> answer)
        : table_(table), id_(std::move(id)), answer_(std::move(answer)) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { table_.waiting_.erase(id_); }
    Answer& answer() { return *answer_; }

   private:
    PendingRequests& table_;
    std::string id_;
    std::shared_ptr<Answer> answer_;
  };
  std::unique_ptr<Entry> add(const std::string& id) {
    auto answer = std::make_shared<Answer>(executor_);
    waiting_[id] = answer;
    return std::make_unique<Entry>(*this, id, answer);
  }

  // False: nobody waits for it (any more).
  bool resolve(Message message) {
    const auto it = waiting_.find(message.id);
    if (it == waiting_.end()) return false;
    const auto answer = it->second;
    answer->set(std::move(message));
    return true;
  }

  void fail_all(const Error& error) {
    const auto all = waiting_;
    for (const auto& [id, answer] : all) answer->set(std::unexpected(error));
  }

 private:
  async::Executor executor_;
  std::map<std::string, std::shared_ptr<Answer>> waiting_;
};

// Waits for the answer as long as `patience` lasts.
inline async::Task<Message> wait_for(PendingRequests::Entry& entry,
                                     std::shared_ptr<Patience> patience) {
  patience->on_extended = [&entry, raw = patience.get()] { entry.answer().extend(raw->deadline); };
  auto answer = co_await entry.answer().wait(patience->deadline);
  patience->on_extended = {};
  co_return answer;
}

}  // namespace mcpo::mcp
