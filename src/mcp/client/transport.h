// What a session speaks through: a pipe or HTTP in one of its two shapes. Internal to the client
// role.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/deadline.h"
#include "async/task.h"
#include "http/message.h"
#include "mcp/message.h"
#include "mcp/protocol.h"

namespace mcpo::mcp {

// How long somebody is willing to wait for an answer; progress moves it while they wait.
struct Patience {
  explicit Patience(async::Deadline d) : deadline(d) {}
  async::Deadline deadline;
  std::function<void()> on_extended;  // set by whoever waits
  void extend(async::Deadline later) {
    deadline = later;
    if (on_extended) on_extended();
  }
};

struct OutgoingRequest {
  std::string id;  // raw JSON
  std::string method;
  std::string text;       // the whole message
  http::Headers headers;  // further fields, for HTTP only
  std::shared_ptr<Patience> patience;
};

// Everything on one executor. Messages that answer no request of ours go to on_message. on_closed
// is called once, with a reason for people; later requests fail.
class Transport {
 public:
  struct Events {
    std::function<void(Message)> on_message;
    std::function<void(std::string reason)> on_closed;
  };

  virtual ~Transport() = default;
  virtual void set_events(Events events) = 0;
  // The response, whether result or error. Errors: unavailable, timeout, cancelled, too_large,
  // corrupt; over HTTP also denied (401, 403, 407), not_found (404, 405, 410), invalid (other 4xx)
  // and conflict (our session is gone; the request was not processed).
  virtual async::Task<Message> request(OutgoingRequest request) = 0;
  // A notification or a response of ours.
  virtual async::Task<void> send(std::string text) = 0;
  // From now on messages go out as this era and version want.
  virtual void negotiated(Era era, std::string version) = 0;
  // Legacy: opens the stream on which a server speaks unasked, where the transport has one.
  virtual void listen() = 0;
  // True: a request is cancelled by giving its answer up, not by notifications/cancelled.
  virtual bool cancels_by_closing() const = 0;
  virtual bool is_http() const = 0;
  // In good order until the deadline, then by force.
  virtual async::Task<void> close(async::Deadline deadline) = 0;
  // At once and without a word; for destructors.
  virtual void abandon() = 0;
};

}  // namespace mcpo::mcp
