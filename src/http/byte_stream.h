// Bytes to and from one peer, with a deadline on every wait: a plain socket here, TLS in
// tls_stream.h.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/deadline.h"
#include "async/task.h"

namespace mcpo::http {

// On one executor; one coroutine at a time. After any error the stream is of no further use.
// Errors: unavailable, timeout, cancelled.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // What has come, empty at the end. The view is valid until the caller next suspends.
  virtual async::Task<std::string_view> read_some(async::Deadline deadline) = 0;
  // Both, in order; the caller keeps them until this returns.
  virtual async::Task<void> write(std::string_view head, std::string_view body,
                                  async::Deadline deadline) = 0;
  // Nothing came, not even the end: fit for another request.
  virtual bool is_quiet() = 0;
  // Between uses no timer may be left running.
  virtual void rest() = 0;
};

// A TCP or Unix socket that tries first and waits only when it must, so that most operations cost
// one system call. Its buffer for reading is shared by all of its thread: an idle connection holds
// none.
class SocketStream final : public ByteStream {
 public:
  // Sockets and endpoints of both kinds convert to these.
  using Socket = boost::asio::generic::stream_protocol::socket;
  using Endpoint = boost::asio::generic::stream_protocol::endpoint;

  explicit SocketStream(async::Executor executor);  // to connect()
  explicit SocketStream(Socket socket);             // connected
  ~SocketStream() override;

  async::Task<void> connect(Endpoint endpoint, async::Deadline deadline);
  async::Task<std::string_view> read_some(async::Deadline deadline) override;
  async::Task<void> write(std::string_view head, std::string_view body,
                          async::Deadline deadline) override;
  bool is_quiet() override;
  void rest() override;

  // Calls `closed` when the peer closes its side, unless it sends something before that. One watch
  // at a time; dropped with the stream or by unwatch().
  void watch_close(std::function<void()> closed);
  void unwatch();
  void shutdown_send();
  void close();
  std::string peer_address() const;  // "127.0.0.1:50123", "unix"

  // For other layers over the same socket: begin, do the operation, end with its error code.
  Socket& socket();
  void begin_wait(async::Deadline deadline);
  Result<void> end_wait(boost::system::error_code error);

 private:
  struct State;
  async::Task<void> wait_until(Socket::wait_type ready, async::Deadline deadline);
  std::shared_ptr<State> state_;  // shared with the timer and the watch
};

// "connection refused": as the system says it, in lower case.
std::string describe(const boost::system::error_code& error);

}  // namespace mcpo::http
