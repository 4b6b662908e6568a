// Writing what an Outbox holds as one HTTP response: plain JSON when nothing came before the
// answer, an event stream from the first notification on (S-23, S-35, S-44).
#pragma once

#include <functional>
#include <memory>

#include "async/notifier.h"
#include "http/server.h"
#include "mcp/transport/outbox.h"

namespace mcpo::mcp {

enum class BodyShape { single, batch };
enum class Delivery { done, peer_gone };

struct ExchangeOptions {
  Era era = Era::legacy;
  BodyShape shape = BodyShape::single;
  // Without an answer for so long the response becomes a stream, and gets a comment each time;
  // zero: never.
  Millis keep_alive{15'000};
};

// Until the box is complete and written, or the peer is gone (then the box is abandoned).
async::Co<Delivery> write_exchange(std::shared_ptr<Outbox> box, http::ResponseWriter& writer,
                                   ExchangeOptions options);

http::Response event_stream_head();
// Holds a begun stream open with comments until `ended` says so; `changed` makes it look.
async::Co<Delivery> hold_stream(http::ResponseWriter& writer,
                                std::shared_ptr<async::Notifier> changed,
                                std::function<bool()> ended, Millis keep_alive);

}  // namespace mcpo::mcp
