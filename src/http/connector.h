// New connections to an origin: look-up, TCP or Unix socket, TLS.
#pragma once

#include <memory>

#include "http/byte_stream.h"
#include "http/tls_stream.h"
#include "http/url.h"

namespace mcpo::http {

class Connector {
 public:
  Connector(async::Executor executor, const std::string& ca_file)
      : executor_(std::move(executor)), tls_(ca_file) {}

  // Tries the host's addresses in turn. Errors: unavailable ("connect to 127.0.0.1:7100: connection
  // refused"), timeout, cancelled, each with its cause.
  async::Task<std::unique_ptr<ByteStream>> connect(Url url, async::Deadline deadline);

 private:
  async::Executor executor_;
  TlsContext tls_;
};

}  // namespace mcpo::http
