// The requests that are being worked on behind the HTTP endpoint: each in a coroutine of its own,
// so that a legacy client may lose its connection without losing its call (S-33).
#pragma once

#include <memory>

#include "async/notifier.h"
#include "async/task_scope.h"
#include "mcp/dispatcher.h"
#include "mcp/legacy/session.h"
#include "mcp/transport/outbox.h"

namespace mcpo::mcp {

// On one executor. Borrows dispatcher and log.
class HttpRequests {
 public:
  HttpRequests(async::Executor executor, Dispatcher& dispatcher, Logger& log)
      : dispatcher_(dispatcher), log_(log), scope_(executor, log), ended_(executor) {}

  using Handle = std::shared_ptr<async::TaskScope::Handle>;
  // Puts the answer into `box`. With a session the client can cancel it by id. Cancelling through
  // the handle alone answers nothing.
  Handle start(Message request, RequestContext ctx, std::shared_ptr<Outbox> box,
               legacy::SessionTable::Use use);
  std::size_t running() const { return running_; }
  // Waits for what runs until the deadline, then cancels the rest.
  async::Task<void> finish(async::Deadline deadline);

 private:
  async::Task<void> run(Message request, RequestContext ctx, std::shared_ptr<Outbox> box,
                        legacy::SessionTable::Use use);

  Dispatcher& dispatcher_;
  Logger& log_;
  async::TaskScope scope_;
  async::Notifier ended_;
  std::size_t running_ = 0;
};

// Exceptions are bugs: logged, and answered as an internal error.
async::Co<Answer> dispatch_guarded(Dispatcher& dispatcher, Message request, RequestContext ctx,
                                   Logger& log);
// For a request that ended without an answer although its client did not cancel it.
Answer cancelled_by_us(std::string_view id);

}  // namespace mcpo::mcp
