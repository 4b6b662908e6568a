#include "http/connection_pool.h"

namespace mcpo::http {

std::unique_ptr<ByteStream> ConnectionPool::take(const std::string& origin) {
  const SteadyTime now = std::chrono::steady_clock::now();
  drop_old(now);
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return nullptr;
  auto& streams = found->second;
  while (!streams.empty()) {
    Idle last = std::move(streams.back());
    streams.pop_back();
    if (now - last.since < idle_timeout_ && last.stream->is_quiet()) return std::move(last.stream);
  }
  return nullptr;
}

void ConnectionPool::give(const std::string& origin, std::unique_ptr<ByteStream> stream) {
  const SteadyTime now = std::chrono::steady_clock::now();
  drop_old(now);
  stream->rest();
  auto& streams = idle_[origin];
  streams.push_back({std::move(stream), now});
  if (streams.size() > max_idle_per_origin_) streams.pop_front();
}

void ConnectionPool::drop_old(SteadyTime now) {
  if (now < next_look_) return;
  next_look_ = now + idle_timeout_ / 2;
  for (auto it = idle_.begin(); it != idle_.end();) {
    auto& streams = it->second;
    while (!streams.empty() && now - streams.front().since >= idle_timeout_) streams.pop_front();
    it = streams.empty() ? idle_.erase(it) : std::next(it);
  }
}

std::size_t ConnectionPool::size() const {
  std::size_t total = 0;
  for (const auto& [origin, streams] : idle_) total += streams.size();
  return total;
}

}  // namespace mcpo::http
