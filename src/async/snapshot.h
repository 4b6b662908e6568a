// The one way that threads share big data: an immutable value, replaced as a whole.
#pragma once

#include <atomic>
#include <memory>

namespace mcpo::async {

template <class T>
class Snapshot {
 public:
  using Ptr = std::shared_ptr<const T>;
  explicit Snapshot(Ptr initial = nullptr) : value_(std::move(initial)) {}
  Ptr read() const { return value_.load(std::memory_order_acquire); }
  void publish(Ptr next) { value_.store(std::move(next), std::memory_order_release); }

 private:
  std::atomic<Ptr> value_;
};

}  // namespace mcpo::async
