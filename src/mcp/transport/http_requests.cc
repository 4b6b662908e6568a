#include "mcp/transport/http_requests.h"

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "mcp/protocol.h"

namespace mcpo::mcp {

async::Co<Answer> dispatch_guarded(Dispatcher& dispatcher, Message request, RequestContext ctx,
                                   Logger& log) {
  const std::string id = request.id;
  const std::string our_id = ctx.request_id;
  try {
    co_return co_await dispatcher.dispatch(std::move(request), std::move(ctx));
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) co_return Answer::none();
    log.error("a request threw", {{"request", our_id}, {"cause", error.what()}});
  } catch (const std::exception& error) {
    log.error("a request threw", {{"request", our_id}, {"cause", error.what()}});
  }
  const RpcError internal{kInternalError, "Internal error", {}};
  co_return Answer::error(id, internal);
}

Answer cancelled_by_us(std::string_view id) {
  const RpcError error{kInternalError, "The request was cancelled: the server is stopping", {}};
  return Answer::error(id, error);
}

HttpRequests::Handle HttpRequests::start(Message request, RequestContext ctx,
                                         std::shared_ptr<Outbox> box,
                                         legacy::SessionTable::Use use) {
  auto handle = std::make_shared<async::TaskScope::Handle>();
  if (use) {
    use->calls.add(request.id, [handle, box] {
      handle->cancel();
      box->answer(Answer::none());
    });
  }
  ++running_;
  // The coroutine may run at once, even to its end: so the session knew the call before.
  std::string name = "request " + ctx.request_id;
  *handle = scope_.spawn_cancellable(
      std::move(name), run(std::move(request), std::move(ctx), std::move(box), std::move(use)));
  return handle;
}

async::Task<void> HttpRequests::run(Message request, RequestContext ctx,
                                    std::shared_ptr<Outbox> box, legacy::SessionTable::Use use) {
  co_await async::asio::this_coro::throw_if_cancelled(false);
  const std::string id = request.id;
  Answer answer = co_await dispatch_guarded(dispatcher_, std::move(request), std::move(ctx), log_);
  if (use) use->calls.remove(id);
  // Nobody but us cancelled it: a client that did has its (empty) answer already.
  if (answer.text.empty()) answer = cancelled_by_us(id);
  box->answer(std::move(answer));
  --running_;
  ended_.notify_all();
  co_return Result<void>{};
}

async::Task<void> HttpRequests::finish(async::Deadline deadline) {
  while (running_ > 0 && !deadline.expired()) {
    const std::uint64_t seen = ended_.version();
    Result<void> changed = co_await ended_.wait_change(seen, deadline);
    if (!changed && changed.error().code == Errc::cancelled) break;
  }
  constexpr Millis kUnwind{1'000};
  co_return co_await scope_.close(async::Deadline::in(kUnwind));
}

}  // namespace mcpo::mcp
