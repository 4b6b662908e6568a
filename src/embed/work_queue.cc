#include "embed/work_queue.h"

#include <algorithm>

namespace mcpo::embed {

WorkQueue::Push WorkQueue::push(const std::shared_ptr<EncodeCall>& call) {
  {
    const std::lock_guard lock(mutex_);
    auto& queue = queue_of(call->priority);
    if (closed_) return Push::closed;
    if (queue.size() + call->jobs.size() > limit_) return Push::full;
    for (std::size_t i = 0; i < call->jobs.size(); ++i) queue.push_back({call, i});
  }
  if (call->jobs.size() == 1) {
    changed_.notify_one();
  } else {
    changed_.notify_all();
  }
  return Push::taken;
}

bool WorkQueue::wait_for(Millis patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return has_news(); });
}

std::optional<WorkQueue::Item> WorkQueue::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return has_news(); });
  if (closed_) return std::nullopt;
  auto& queue = interactive_.empty() ? bulk_ : interactive_;
  Item item = std::move(queue.front());
  queue.pop_front();
  return item;
}

void WorkQueue::remove(const EncodeCall& call) {
  const std::lock_guard lock(mutex_);
  std::erase_if(queue_of(call.priority),
                [&](const Item& item) { return item.call.get() == &call; });
}

std::vector<std::shared_ptr<EncodeCall>> WorkQueue::close() {
  std::vector<std::shared_ptr<EncodeCall>> calls;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto* queue : {&interactive_, &bulk_}) {
      for (Item& item : *queue) {
        if (calls.empty() || calls.back() != item.call) calls.push_back(std::move(item.call));
      }
      queue->clear();
    }
  }
  changed_.notify_all();
  return calls;
}

std::size_t WorkQueue::size() const {
  const std::lock_guard lock(mutex_);
  return interactive_.size() + bulk_.size();
}

}  // namespace mcpo::embed
