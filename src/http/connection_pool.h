// Kept-alive connections by origin. Owns no timer: what is too old is closed when anybody comes by.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "http/byte_stream.h"

namespace mcpo::http {

class ConnectionPool {
 public:
  ConnectionPool(std::size_t max_idle_per_origin, Millis idle_timeout)
      : max_idle_per_origin_(max_idle_per_origin), idle_timeout_(idle_timeout) {}

  // The youngest that still seems alive; null: none.
  std::unique_ptr<ByteStream> take(const std::string& origin);
  void give(const std::string& origin, std::unique_ptr<ByteStream> stream);
  std::size_t size() const;

 private:
  struct Idle {
    std::unique_ptr<ByteStream> stream;
    SteadyTime since;
  };
  void drop_old(SteadyTime now);

  std::size_t max_idle_per_origin_;
  Millis idle_timeout_;
  std::map<std::string, std::deque<Idle>> idle_;  // oldest first
  SteadyTime next_look_{};
};

}  // namespace mcpo::http
