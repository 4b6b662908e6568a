// One outgoing connection, plain or TLS, with a deadline on everything.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "async/deadline.h"
#include "async/task.h"
#include "http/url.h"

namespace boost::asio::ssl {
class context;
}

namespace mcpo::http {

// On one executor. After any error the stream is of no further use.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Errors: unavailable, timeout, cancelled. 0: the end.
  virtual async::Task<std::size_t> read_some(std::span<char> buffer, async::Deadline deadline) = 0;
  virtual async::Task<void> write(std::string bytes, async::Deadline deadline) = 0;
  // False when the peer has closed it, or has sent what nobody asked for.
  virtual bool is_quiet() = 0;
};

// Errors: unavailable ("connect to 127.0.0.1:7100: Connection refused"), timeout, cancelled.
async::Task<std::unique_ptr<ByteStream>> open_stream(async::Executor executor, Url url,
                                                     boost::asio::ssl::context& tls,
                                                     async::Deadline deadline);

}  // namespace mcpo::http
