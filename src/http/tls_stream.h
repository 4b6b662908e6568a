// TLS for outgoing connections (RFC 8446, RFC 2818): the peer's certificate is always verified.
#pragma once

#include <memory>
#include <string>

#include "http/byte_stream.h"

namespace mcpo::http {

// Certificates of authorities, loaded once.
class TlsContext {
 public:
  // Empty: the system's. A file that cannot be read is reported by every handshake.
  explicit TlsContext(const std::string& ca_file);
  ~TlsContext();

  // Over a connected socket. Errors: unavailable ("TLS: certificate verify failed: self-signed
  // certificate"), timeout, cancelled.
  async::Task<std::unique_ptr<ByteStream>> handshake(std::unique_ptr<SocketStream> tcp,
                                                     std::string host, async::Deadline deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mcpo::http
