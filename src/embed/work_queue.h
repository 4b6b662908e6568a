// Texts on their way to the worker threads of a LocalEncoder. Bounded, and what somebody waits for
// goes before bulk work.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "async/one_shot.h"
#include "embed/encoder.h"

namespace mcpo::embed {

// One encode(): its texts are done by any worker, in any order.
struct EncodeCall {
  EncodeCall(async::Executor executor, std::vector<EncodeJob> texts, Priority how)
      : jobs(std::move(texts)),
        priority(how),
        results(jobs.size()),
        left(jobs.size()),
        done(std::move(executor)) {}

  const std::vector<EncodeJob> jobs;
  const Priority priority;
  std::vector<Encoding> results;               // each place written by one worker
  std::atomic<std::size_t> left;               // texts not encoded yet
  std::atomic<bool> abandoned = false;         // nobody waits any more: skip what is left
  async::OneShot<std::vector<Encoding>> done;  // on the caller's executor only
};

// Any thread may use it.
class WorkQueue {
 public:
  // `limit`: texts of each priority that may wait.
  explicit WorkQueue(std::size_t limit) : limit_(limit) {}

  struct Item {
    std::shared_ptr<EncodeCall> call;
    std::size_t index = 0;  // of its jobs
  };
  enum class Push { taken, full, closed };
  // All texts of the call, or none.
  Push push(const std::shared_ptr<EncodeCall>& call);
  // Blocks until there is something or it is closed, or until `patience` is over: false.
  bool wait_for(Millis patience);
  // Blocks until there is something; nullopt once closed.
  std::optional<Item> pop();
  void remove(const EncodeCall& call);
  // Wakes all that wait in pop() and returns the calls that had texts waiting.
  std::vector<std::shared_ptr<EncodeCall>> close();
  std::size_t size() const;

 private:
  bool has_news() const { return closed_ || !interactive_.empty() || !bulk_.empty(); }
  std::deque<Item>& queue_of(Priority priority) {
    return priority == Priority::interactive ? interactive_ : bulk_;
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Item> interactive_;
  std::deque<Item> bulk_;
  bool closed_ = false;
};

}  // namespace mcpo::embed
