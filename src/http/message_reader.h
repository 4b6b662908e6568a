// HTTP/1.1 messages out of bytes, at any split, for both roles and without any I/O (RFC 9112).
// Beast's parser does the grammar; what it leaves open (a bound on the whole head, exactly one
// Host, no transfer coding but chunked) is added here.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace mcpo::http {

struct ReadLimits {
  std::size_t max_header_bytes = std::size_t{64} << 10;
  std::size_t max_body_bytes = std::numeric_limits<std::size_t>::max();
};

class MessageReader {
 public:
  enum class Role { request, response };
  enum class Stage { head, body, done };
  enum class Fault { none, malformed, head_too_large, body_too_large };

  MessageReader(Role role, ReadLimits limits);
  ~MessageReader();

  // Before the next message; what came after the last one is kept. `request_method`, for a
  // response: HEAD has no body.
  void begin(std::string_view request_method = {});
  // Takes bytes up to the end of the message; more is kept for the next. push("") looks at what was
  // kept. After a fault the reader is of no further use; fault_text() says what is wrong.
  Fault push(std::string_view bytes);
  // The peer closed its side: ends a body that has no other end. malformed: in the middle.
  Fault end();
  const std::string& fault_text() const;

  Stage stage() const;
  bool is_untouched() const;  // not one byte of this message came
  bool has_rest() const;      // bytes behind this message wait
  // From Stage::body on.
  bool is_http_1_0() const;
  bool keep_alive() const;
  bool expects_continue() const;
  int status() const;
  const Headers& headers() const;
  // A request with a target in absolute form comes in origin form, its Host field replaced.
  Request take_request();
  Headers take_headers();
  std::string take_body();  // what came of it since the last time
  void release_memory();    // of what was kept, if empty

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mcpo::http
