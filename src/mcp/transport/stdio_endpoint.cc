// One client on our own stdin and stdout. An initialize makes it a legacy session; requests with
// modern _meta are served statelessly, before, after and without one (S-14).
#include <boost/asio/this_coro.hpp>

#include "async/task_scope.h"
#include "mcp/legacy/handshake.h"
#include "mcp/modern/request_rules.h"
#include "mcp/modern/subscription.h"
#include "mcp/protocol.h"
#include "mcp/running_calls.h"
#include "mcp/transport/endpoint.h"
#include "mcp/transport/http_requests.h"
#include "mcp/transport/line_splitter.h"
#include "mcp/transport/stdio_writer.h"

namespace mcpo::mcp {
namespace {

constexpr Millis kFinishAfterEof{1'000};  // for what runs when stdin ends (S-17)

class StdioServer {
 public:
  StdioServer(async::Executor executor, EndpointOptions options, ServerFeatures& features,
              Logger& log, int in_fd, int out_fd)
      : options_(std::move(options)),
        dispatcher_(features, options_.info),
        log_(log),
        in_(executor, in_fd),
        writer_(std::make_shared<StdioWriter>(executor, out_fd)),
        scope_(executor, log),
        ended_(executor) {}

  async::Task<void> serve();

 private:
  async::Task<void> read_lines();
  async::Task<void> write_lines();
  async::Task<void> finish();

  void handle_line(LineSplitter::Line line);
  void handle_batch(std::vector<std::string> parts);
  void handle_message(Message message);
  void handle_notification(const Message& message);
  void handle_legacy(Message request);
  void handle_modern(Message request);
  void initialize(const Message& request);
  void listen(const Message& request);
  void start(Message request, RequestContext ctx, std::shared_ptr<StdioBackChannel> back);
  async::Task<void> run(Message request, RequestContext ctx,
                        std::shared_ptr<StdioBackChannel> back);
  async::Task<void> run_batch(std::vector<std::string> parts);
  RequestContext legacy_context(const Message& request, std::shared_ptr<BackChannel> back) const;

  void refuse(std::string_view id, int code, std::string message) {
    writer_->write_line(make_error(id, code, message));
  }

  EndpointOptions options_;
  Dispatcher dispatcher_;
  Logger& log_;
  FdStream in_;
  std::shared_ptr<StdioWriter> writer_;
  std::optional<legacy::Negotiated> session_;
  RunningCalls calls_;
  std::vector<std::string> listens_;  // ids of open subscriptions
  async::TaskScope scope_;
  async::Notifier ended_;
  std::size_t running_ = 0;
};

async::Task<void> StdioServer::serve() {
  scope_.spawn("stdout", write_lines());
  Result<void> read = co_await read_lines();
  if (!read && read.error().code == Errc::unavailable) {
    log_.debug("stdin failed", {{"cause", read.error().message}});
  }
  co_return co_await finish();
}

async::Task<void> StdioServer::write_lines() {
  // A client that cannot hear us any more is as good as gone: what is read then helps nobody.
  Result<void> written = co_await writer_->run();
  in_.cancel();
  if (written || written.error().code == Errc::unavailable) co_return Result<void>{};
  co_return written;
}

async::Task<void> StdioServer::read_lines() {
  LineSplitter splitter(options_.json.max_bytes);
  std::vector<char> buffer(std::size_t{64} << 10);
  while (!writer_->broken()) {
    CO_TRY(const std::size_t count, co_await in_.read_some(buffer));
    if (count == 0) break;
    for (LineSplitter::Line& line : splitter.push({buffer.data(), count})) {
      handle_line(std::move(line));
    }
    CO_CHECK_OK(co_await writer_->wait_room());
  }
  if (auto line = splitter.finish()) handle_line(std::move(*line));
  co_return Result<void>{};
}

async::Task<void> StdioServer::finish() {
  const async::Deadline deadline = async::Deadline::in(kFinishAfterEof);
  while (running_ > 0 && !writer_->broken()) {
    const std::uint64_t seen = ended_.version();
    Result<void> changed = co_await ended_.wait_change(seen, deadline);
    if (!changed) break;
  }
  for (const std::string& id : listens_) {
    writer_->write_line(modern::listen_result(id, dispatcher_.server_info()));
    writer_->write_line(modern::listen_cancelled(id));
  }
  // Late or not at all: whoever closed stdin may have stopped reading too.
  (void)co_await writer_->wait_written(deadline);
  co_return co_await scope_.close(async::Deadline::in(kFinishAfterEof));
}

void StdioServer::handle_line(LineSplitter::Line line) {
  if (line.too_long) {
    return refuse({}, kInvalidRequest, "Invalid Request: the message is too large");
  }
  auto batch = split_batch(line.text, options_.json);
  if (!batch) return refuse(batch.error().id, batch.error().code, batch.error().message);
  if (*batch) return handle_batch(std::move(**batch));
  auto message = parse_message(std::move(line.text), options_.json);
  if (!message) return refuse(message.error().id, message.error().code, message.error().message);
  handle_message(std::move(*message));
}

void StdioServer::handle_message(Message message) {
  if (message.kind == MessageKind::notification) return handle_notification(message);
  if (message.kind != MessageKind::request) return;  // we asked nothing
  const auto version = modern::meta_version(message);
  // Reserved keys with a legacy version come from clients of that session (P-2).
  if (version && !(session_ && is_legacy_version(*version))) {
    return handle_modern(std::move(message));
  }
  if (message.method == "initialize") return initialize(message);
  handle_legacy(std::move(message));
}

void StdioServer::handle_notification(const Message& message) {
  if (message.method != "notifications/cancelled" || !message.params) return;
  auto id = message.params->find("requestId");
  if (!id) return;
  calls_.cancel(id->text());
  std::erase(listens_, std::string(id->text()));
}

void StdioServer::initialize(const Message& request) {
  auto negotiated = legacy::read_initialize(request);
  if (!negotiated) return writer_->write_line(make_error(request.id, negotiated.error()));
  session_ = std::move(*negotiated);
  writer_->write_line(
      make_result(request.id, legacy::initialize_result(options_.info, session_->version)));
}

RequestContext StdioServer::legacy_context(const Message& request,
                                           std::shared_ptr<BackChannel> back) const {
  const std::string_view version = session_ ? session_->version : kLegacyVersions.back();
  return make_context(request, Era::legacy, version,
                      session_ ? session_->client_capabilities : "{}", std::move(back));
}

void StdioServer::handle_legacy(Message request) {
  if (!session_ && request.method != "ping") {
    return refuse(request.id, kInvalidRequest,
                  "Invalid Request: send initialize first, or params._meta of 2026-07-28");
  }
  auto back = std::make_shared<StdioBackChannel>(writer_);
  RequestContext ctx = legacy_context(request, back);
  start(std::move(request), std::move(ctx), std::move(back));
}

void StdioServer::handle_modern(Message request) {
  if (auto refusal = modern::check_request(request, nullptr)) {
    return writer_->write_line(make_error(request.id, refusal->error));
  }
  if (request.method == "subscriptions/listen") return listen(request);
  auto back = std::make_shared<StdioBackChannel>(writer_);
  RequestContext ctx = make_context(request, Era::modern, kVersion2026_07,
                                    modern::client_capabilities(request), back);
  start(std::move(request), std::move(ctx), std::move(back));
}

void StdioServer::listen(const Message& request) {
  if (auto wrong = modern::check_listen(request)) {
    return writer_->write_line(make_error(request.id, *wrong));
  }
  if (listens_.size() >= options_.max_calls_per_session) {
    return refuse(request.id, kInternalError, "Too many subscriptions are open");
  }
  listens_.push_back(request.id);
  writer_->write_line(modern::acknowledged(request.id));
}

void StdioServer::start(Message request, RequestContext ctx,
                        std::shared_ptr<StdioBackChannel> back) {
  if (request.method == "tools/call" && running_ >= options_.max_calls_per_session) {
    return refuse(request.id, kInternalError, "Too many requests are running");
  }
  auto handle = std::make_shared<async::TaskScope::Handle>();
  const bool fresh = calls_.add(request.id, [handle, back] {
    back->finish();
    handle->cancel();
  });
  if (!fresh) {
    return refuse(request.id, kInvalidRequest,
                  "Invalid Request: a request with this id is running already");
  }
  ++running_;
  std::string name = "request " + ctx.request_id;
  *handle = scope_.spawn_cancellable(std::move(name),
                                     run(std::move(request), std::move(ctx), std::move(back)));
}

async::Task<void> StdioServer::run(Message request, RequestContext ctx,
                                   std::shared_ptr<StdioBackChannel> back) {
  co_await async::asio::this_coro::throw_if_cancelled(false);
  const std::string id = request.id;
  Answer answer = co_await dispatch_guarded(dispatcher_, std::move(request), std::move(ctx), log_);
  // A cancelled request gets no response (S-72), even when its work went on to a result.
  const bool cancelled = !calls_.contains(id);
  calls_.remove(id);
  back->finish();
  if (answer.text.empty()) answer = cancelled_by_us(id);
  if (!cancelled) writer_->write_line(std::move(answer.text));
  --running_;
  ended_.notify_all();
  co_return Result<void>{};
}

// S-3.
void StdioServer::handle_batch(std::vector<std::string> parts) {
  if (!session_ || session_->version != kVersion2025_03) {
    return refuse({}, kInvalidRequest,
                  "Invalid Request: batches exist in 2025-03-26 sessions only");
  }
  ++running_;
  scope_.spawn("batch", run_batch(std::move(parts)));
}

// One after the other: batches are rare, and their answer is one line.
async::Task<void> StdioServer::run_batch(std::vector<std::string> parts) {
  co_await async::asio::this_coro::throw_if_cancelled(false);
  auto back = std::make_shared<StdioBackChannel>(writer_);
  std::string answers;
  for (std::string& part : parts) {
    auto message = parse_message(std::move(part), options_.json);
    Answer answer;
    if (!message) {
      const MessageError& wrong = message.error();
      answer = Answer::error(wrong.id, {wrong.code, wrong.message, {}});
    } else if (message->kind == MessageKind::request) {
      RequestContext ctx = legacy_context(*message, back);
      Message request = std::move(*message);
      answer = co_await dispatch_guarded(dispatcher_, std::move(request), std::move(ctx), log_);
    } else if (message->kind == MessageKind::notification) {
      handle_notification(*message);
    }
    if (answer.text.empty()) continue;
    answers += (answers.empty() ? "" : ",") + answer.text;
  }
  back->finish();
  if (!answers.empty()) writer_->write_line("[" + answers + "]");
  --running_;
  ended_.notify_all();
  co_return Result<void>{};
}

}  // namespace

async::Task<void> serve_stdio(async::Executor executor, EndpointOptions options,
                              ServerFeatures& features, Logger& log, int in_fd, int out_fd) {
  co_await async::asio::this_coro::throw_if_cancelled(false);
  StdioServer server(std::move(executor), std::move(options), features, log, in_fd, out_fd);
  co_return co_await server.serve();
}

}  // namespace mcpo::mcp
