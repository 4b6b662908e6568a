// Everything that belongs to one request of an AI client and travels with it to the upstream call.
// Cancellation is not in it: it reaches the handling coroutine through its asio slot, as
// Errc::cancelled.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "async/deadline.h"
#include "base/json.h"
#include "mcp/protocol.h"

namespace mcpo::mcp {

// Who asks. Authentication fills it; without, everybody is the local user.
struct Principal {
  std::string subject;  // empty: the local user
  bool operator==(const Principal&) const = default;
};

// The way back to the client while its request runs: progress now, questions later.
class BackChannel {
 public:
  virtual ~BackChannel() = default;
  // A notification on this request's own stream, before its response. Dropped when the client is
  // gone or cannot take any. Never blocks; over a named limit the oldest progress is dropped.
  virtual void notify(std::string_view method, std::string params) = 0;
};

struct RequestContext {
  Principal principal;
  async::Deadline deadline = async::Deadline::never();
  Era era = Era::legacy;
  std::string protocol_version;
  std::string request_id;      // ours, for logs
  std::string progress_token;  // raw JSON of the client's token; empty: no progress wanted
  std::string client_capabilities = "{}";  // raw JSON object
  // Raw JSON object with the members of params._meta that may travel on (vendors', trace keys:
  // G-2); empty: none.
  std::string relay_meta;
  std::shared_ptr<BackChannel> back;  // never null while a handler runs
};

}  // namespace mcpo::mcp
