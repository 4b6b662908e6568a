// HTTP+SSE of 2024-11-05: one long GET stream brings everything, messages to the server are POSTed
// to the URL that its first event names.
#include "async/task_scope.h"
#include "http/sse.h"
#include "mcp/client/http_answer.h"
#include "mcp/client/http_transport.h"
#include "mcp/client/pending_requests.h"

namespace mcpo::mcp {
namespace {

constexpr Millis kSendTimeout{10'000};

class SseTransport final : public Transport, public std::enable_shared_from_this<SseTransport> {
 public:
  SseTransport(async::Executor executor, http::Client& http, HttpSpec spec,
               const ClientOptions& options, Logger& log)
      : http_(http),
        spec_(std::move(spec)),
        name_(options.server_name),
        max_message_bytes_(options.max_message_bytes),
        decoder_(options.max_message_bytes),
        pending_(executor),
        scope_(executor, log) {}

  // The stream's head and its first event.
  async::Task<void> open(async::Deadline deadline) {
    http::Request get{.method = "GET", .headers = base_headers(spec_, version_)};
    get.headers.set("Accept", "text/event-stream");
    CO_TRY(response_, co_await http_.open(spec_.url, std::move(get),
                                          http::Client::Retry::idempotent, deadline));
    if (classify(response_) != AnswerKind::event_stream) {
      co_return std::unexpected(to_error(response_.status, response_.headers));
    }
    while (post_url_.host.empty()) {
      CO_TRY(std::string bytes, co_await response_.body->read_some(deadline));
      if (bytes.empty()) co_return fail(Errc::corrupt, "its event stream ended at once");
      CO_CHECK_OK(take(bytes));
    }
    scope_.spawn("read " + name_, read(shared_from_this()));
    co_return Result<void>{};
  }

  void set_events(Events events) override { events_ = std::move(events); }
  void negotiated(Era, std::string version) override { version_ = std::move(version); }
  void listen() override {}
  bool cancels_by_closing() const override { return false; }
  bool is_http() const override { return true; }

  async::Task<Message> request(OutgoingRequest request) override {
    const auto self = shared_from_this();
    if (!death_.empty()) co_return fail(Errc::unavailable, death_);
    const auto entry = pending_.add(request.id);
    CO_CHECK_OK(co_await post(std::move(request.text), request.patience->deadline));
    co_return co_await wait_for(*entry, request.patience);
  }

  async::Task<void> send(std::string text) override {
    const auto self = shared_from_this();
    co_return co_await post(std::move(text), async::Deadline::in(kSendTimeout));
  }

  async::Task<void> close(async::Deadline deadline) override {
    const auto self = shared_from_this();
    events_ = {};
    died("closed");
    co_return co_await scope_.close(deadline);
  }

  void abandon() override {
    events_ = {};
    scope_.cancel();
  }

 private:
  async::Task<void> post(std::string text, async::Deadline deadline) {
    http::Request request{
        .method = "POST", .headers = base_headers(spec_, version_), .body = std::move(text)};
    request.headers.set("Content-Type", "application/json");
    co_return co_await send_unanswered(http_, post_url_, std::move(request), deadline);
  }

  async::Task<void> read(std::shared_ptr<SseTransport>) {
    while (true) {
      auto bytes = co_await response_.body->read_some(async::Deadline::never());
      if (!bytes && bytes.error().code == Errc::cancelled) co_return Result<void>{};
      if (!bytes || bytes->empty()) {
        died("its event stream ended");
        co_return Result<void>{};
      }
      if (auto taken = take(*bytes); !taken) {
        died(taken.error().message);
        co_return Result<void>{};
      }
    }
  }

  Result<void> take(const std::string& bytes) {
    TRY(auto events, decoder_.push(bytes));
    for (http::SseEvent& event : events) {
      if (event.type == "endpoint") {
        CHECK_OK(take_endpoint(event.data));
      } else if (event.type == "message" && !event.data.empty()) {
        deliver(std::move(event.data));
      }
    }
    return {};
  }

  // The same origin only: our headers hold credentials.
  Result<void> take_endpoint(const std::string& reference) {
    TRY(http::Url url, http::resolve(spec_.url, reference));
    if (url.origin() != spec_.url.origin()) {
      return fail(Errc::corrupt, "its endpoint event names another origin");
    }
    post_url_ = std::move(url);
    return {};
  }

  void deliver(std::string text) {
    auto message = parse_message(std::move(text), {.max_bytes = max_message_bytes_});
    if (!message) return;
    const bool answer = message->kind == MessageKind::result || message->kind == MessageKind::error;
    if (answer) {
      pending_.resolve(*std::move(message));
    } else if (events_.on_message) {
      events_.on_message(*std::move(message));
    }
  }

  void died(std::string reason) {
    if (!death_.empty()) return;
    death_ = std::move(reason);
    pending_.fail_all({Errc::unavailable, death_});
    if (events_.on_closed) events_.on_closed(death_);
  }

  http::Client& http_;
  HttpSpec spec_;
  std::string name_;
  std::size_t max_message_bytes_;
  Events events_;
  http::SseDecoder decoder_;
  http::StreamedResponse response_;
  http::Url post_url_;
  std::string version_;
  std::string death_;
  PendingRequests pending_;
  async::TaskScope scope_;
};

}  // namespace

async::Task<std::shared_ptr<Transport>> open_sse_transport(async::Executor executor,
                                                           http::Client& http, HttpSpec spec,
                                                           ClientOptions options, Logger& log,
                                                           async::Deadline deadline) {
  auto transport =
      std::make_shared<SseTransport>(std::move(executor), http, std::move(spec), options, log);
  CO_CHECK_OK(co_await transport->open(deadline));
  co_return transport;
}

}  // namespace mcpo::mcp
