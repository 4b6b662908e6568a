// HTTP/1.1 client with kept-alive connections per origin, plain and TLS. No redirects are followed
// (an MCP endpoint that redirects is reported), no cookies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/deadline.h"
#include "async/task.h"
#include "base/log.h"
#include "http/message.h"
#include "http/url.h"

namespace mcpo::http {

struct ClientOptions {
  std::size_t max_idle_per_origin = 16;
  Millis idle_timeout{30'000};  // idle connections older than this are not reused
  Millis connect_timeout{10'000};
  std::size_t max_header_bytes = std::size_t{64} << 10;
  std::string ca_file;  // empty: the system's certificates
};

// The body of one response, read as it comes. Dropping it before the end closes the connection.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next piece, empty at the end. Errors: unavailable (connection lost), timeout, cancelled.
  virtual async::Task<std::string> read_some(async::Deadline deadline) = 0;
};

struct StreamedResponse {
  int status = 0;
  Headers headers;
  std::unique_ptr<BodyReader> body;
};

class Client {
 public:
  virtual ~Client() = default;
  // Sends and reads the response's head. A connection taken from the pool that turns out to be
  // closed before any byte of the response came is replaced once by a new one, if the request was
  // not written completely or `retry` allows it. Content-Length, Host and Connection are ours.
  // Errors: unavailable ("connect to 127.0.0.1:7100: connection refused"), timeout, cancelled,
  // invalid (URL scheme), too_large (head). Where no connection came about, `cause` says so.
  enum class Retry { only_if_unsent, idempotent };
  virtual async::Task<StreamedResponse> open(Url url, Request request, Retry retry,
                                             async::Deadline deadline) = 0;
};

std::unique_ptr<Client> make_client(async::Executor executor, ClientOptions options, Logger& log);

// The rest of the body, up to `max_bytes` (too_large: names the limit).
async::Task<std::string> read_body(BodyReader& body, std::size_t max_bytes,
                                   async::Deadline deadline);

}  // namespace mcpo::http
