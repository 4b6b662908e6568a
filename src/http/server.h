// HTTP/1.1 server: accepts, parses within limits, hands each request to one handler. A request on
// a connection is finished before the next is read. Beast stays inside the .cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/deadline.h"
#include "async/task.h"
#include "base/log.h"
#include "http/message.h"

namespace mcpo::http {

struct ServerLimits {
  std::size_t max_body_bytes = std::size_t{4} << 20;     // over it: 413, connection closed
  std::size_t max_header_bytes = std::size_t{64} << 10;  // request line and fields; over it: 431
  std::size_t max_connections = 20'000;                  // over it: 503 with Retry-After, closed
  std::size_t max_concurrent_requests = 1'024;           // being handled, streams not counted once
                                                         // begun; over it: 503 with Retry-After
  Millis header_timeout{10'000};  // from the first byte to the end of the fields
  Millis body_timeout{60'000};    // for the rest of the request
  Millis idle_timeout{120'000};   // between requests of a connection
  Millis write_timeout{60'000};   // a peer that does not read is cut off
};

// Where the handler's answer goes. Exactly one of send() or begin_stream() .. end_stream().
// Lives until the handler's coroutine ends; methods on the connection's executor.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  // Content-Length is added. Errors: unavailable (peer gone), timeout (peer does not read).
  virtual async::Task<void> send(Response response) = 0;
  // Chunked; body of `head` is ignored. After it the request no longer counts as concurrent.
  // unavailable, with nothing sent, when the server stops: the peer gets 503.
  virtual async::Task<void> begin_stream(Response head) = 0;
  virtual async::Task<void> write(std::string chunk) = 0;  // one writer at a time
  virtual async::Task<void> end_stream() = 0;
  virtual bool begun() const = 0;  // send() or begin_stream() was called
};

// What a connection knows besides the request.
struct Peer {
  std::string address;  // "127.0.0.1:50123"
};

// Called on the connection's coroutine. When the peer closes its side while the handler runs, the
// handler is cancelled if `on_disconnect` says so (asked once, before handle()).
enum class OnDisconnect { cancel_handler, keep_running };
class Handler {
 public:
  virtual ~Handler() = default;
  virtual async::Co<> handle(Request request, Peer peer, ResponseWriter& writer) = 0;
  // `request` as handle() will get it; decides what a lost connection means for it.
  virtual OnDisconnect on_disconnect(const Request& request) const = 0;
  // Answers that the server itself gives (400, 413, 431, 503): body and content type are the
  // handler's to shape. The default is a short text.
  virtual Response shape_error(int status, std::string message) const;
};

class Server {
 public:
  // `handler` must outlive the server. All work on `executor` (one thread).
  Server(async::Executor executor, ServerLimits limits, Handler& handler, Logger& log);
  ~Server();

  // Errors: unavailable ("port 9900 on 127.0.0.1 is in use by another program"), denied, invalid.
  Result<void> listen(const std::string& address, std::uint16_t port);  // port 0: any free one
  std::uint16_t port() const;                                           // the bound one
  void start();                                                         // begins to accept
  // Stops accepting, lets running requests finish until the deadline (streams are cancelled at
  // once), then cancels them.
  async::Task<void> stop(async::Deadline deadline);
  struct Stats {
    std::size_t connections = 0;
    std::size_t requests_running = 0;
  };
  Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mcpo::http
