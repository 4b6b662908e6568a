// Our own stdin or stdout as a stream, whatever it is: pipe, terminal, file, /dev/null. Never made
// non-blocking: that would change it for every process that shares it, and our stderr may be the
// same terminal.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <span>
#include <string>

#include "async/task.h"

namespace mcpo::mcp {

// On one executor. Works on a duplicate; the caller's descriptor stays open.
class FdStream {
 public:
  FdStream(async::Executor executor, int fd);
  ~FdStream();
  FdStream(const FdStream&) = delete;
  FdStream& operator=(const FdStream&) = delete;

  // Bytes read, 0 at the end of input. Errors: unavailable, cancelled.
  async::Task<std::size_t> read_some(std::span<char> buffer);
  async::Task<void> write_all(std::string bytes);
  // Ends a waiting read or write with cancelled.
  void cancel();

 private:
  enum class Readiness { polled, always };  // files are always ready and cannot be polled
  async::Task<void> wait_ready(boost::asio::posix::descriptor_base::wait_type what);

  boost::asio::posix::stream_descriptor descriptor_;
  Readiness readiness_ = Readiness::polled;
  int fd_;
};

}  // namespace mcpo::mcp
