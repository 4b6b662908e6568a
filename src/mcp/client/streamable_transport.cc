// Streamable HTTP: every message is a POST; its answer is one JSON message or a stream of events
// that ends with the response.
#include "async/periodic.h"
#include "async/task_scope.h"
#include "base/text.h"
#include "http/sse.h"
#include "mcp/client/http_answer.h"
#include "mcp/client/http_transport.h"

namespace mcpo::mcp {
namespace {

constexpr Millis kSendTimeout{10'000};  // of notifications and responses
constexpr Millis kDeleteTimeout{2'000};
constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10;
constexpr int kMaxResumes = 5;  // of one response's stream

class StreamableTransport final : public Transport,
                                  public std::enable_shared_from_this<StreamableTransport> {
 public:
  StreamableTransport(async::Executor executor, http::Client& http, const HttpSpec& spec,
                      const ClientOptions& options, Logger& log)
      : http_(http),
        spec_(spec),
        name_(options.server_name),
        max_message_bytes_(options.max_message_bytes),
        scope_(executor, log) {}

  void set_events(Events events) override { events_ = std::move(events); }
  void negotiated(Era era, std::string version) override {
    era_ = era;
    version_ = std::move(version);
  }
  bool cancels_by_closing() const override { return era_ == Era::modern; }
  bool is_http() const override { return true; }

  async::Task<Message> request(OutgoingRequest request) override {
    const auto self = shared_from_this();
    if (!death_.empty()) co_return fail(Errc::unavailable, death_);
    http::Request post = make_post(request.text, request.headers);
    CO_TRY(http::StreamedResponse response,
           co_await http_.open(spec_.url, std::move(post), http::Client::Retry::only_if_unsent,
                               request.patience->deadline));
    if (request.method == "initialize") {
      session_ = std::string(response.headers.find("Mcp-Session-Id").value_or(""));
    }
    switch (classify(response)) {
      case AnswerKind::json:
        co_return co_await read_json(std::move(response), std::move(request));
      case AnswerKind::event_stream:
        co_return co_await read_events(std::move(response), std::move(request));
      case AnswerKind::accepted:
        co_return fail(Errc::corrupt, "answers HTTP " + std::to_string(response.status) +
                                          " without a response to " + request.method);
      case AnswerKind::refused:
        break;
    }
    co_return co_await read_refusal(std::move(response), std::move(request));
  }

  async::Task<void> send(std::string text) override {
    const auto self = shared_from_this();
    http::Request post = make_post(text, {});
    co_return co_await send_unanswered(http_, spec_.url, std::move(post),
                                       async::Deadline::in(kSendTimeout));
  }

  void listen() override {
    if (era_ == Era::legacy) scope_.spawn("listen to " + name_, read_stream(shared_from_this()));
  }

  async::Task<void> close(async::Deadline deadline) override {
    const auto self = shared_from_this();
    if (!session_.empty() && death_.empty()) {
      http::Request request{.method = "DELETE", .headers = common_headers()};
      (void)co_await http_.open(spec_.url, std::move(request), http::Client::Retry::idempotent,
                                deadline.earlier(async::Deadline::in(kDeleteTimeout)));
    }
    events_ = {};
    died("closed");
    co_return co_await scope_.close(deadline);
  }

  void abandon() override {
    events_ = {};
    scope_.cancel();
  }

 private:
  http::Headers common_headers() const {
    http::Headers out = base_headers(spec_, version_);
    if (!session_.empty()) out.set("Mcp-Session-Id", session_);
    return out;
  }

  http::Request make_post(const std::string& text, const http::Headers& further) const {
    http::Request out{.method = "POST", .headers = common_headers(), .body = text};
    out.headers.set("Content-Type", "application/json");
    out.headers.set("Accept", "application/json, text/event-stream");
    for (const auto& [name, value] : further.fields()) out.headers.set(name, value);
    return out;
  }

  Result<Message> parse(std::string text) const {
    auto message = parse_message(std::move(text), {.max_bytes = max_message_bytes_});
    if (message) return *std::move(message);
    return fail(Errc::corrupt, "sent something that is not MCP: " + message.error().message);
  }

  // True: `message` answers the request of `id`. Others are passed on.
  bool is_answer(const Message& message, const std::string& id) {
    const bool response = message.kind == MessageKind::result || message.kind == MessageKind::error;
    if (response) return message.id == id;
    if (events_.on_message) events_.on_message(message);
    return false;
  }

  async::Task<Message> read_json(http::StreamedResponse response, OutgoingRequest request) {
    CO_TRY(std::string text, co_await http::read_body(*response.body, max_message_bytes_,
                                                      request.patience->deadline));
    if (trim(text).empty()) co_return fail(Errc::corrupt, "answers with an empty body");
    auto batch = split_batch(text, {.max_bytes = max_message_bytes_});
    if (batch && *batch) {
      for (std::string& part : **batch) {
        CO_TRY(Message message, parse(std::move(part)));
        if (is_answer(message, request.id)) co_return message;
      }
      co_return fail(Errc::corrupt, "answered without a response to " + request.method);
    }
    CO_TRY(Message message, parse(std::move(text)));
    if (is_answer(message, request.id)) co_return message;
    co_return fail(Errc::corrupt, "answered with another request's response");
  }

  async::Task<Message> read_events(http::StreamedResponse response, OutgoingRequest request) {
    http::SseDecoder decoder(max_message_bytes_);
    for (int resumes = 0;; ++resumes) {
      while (true) {
        auto bytes = co_await response.body->read_some(request.patience->deadline);
        if (!bytes && bytes.error().code != Errc::unavailable) {
          co_return std::unexpected(bytes.error());
        }
        if (!bytes || bytes->empty()) break;
        CO_TRY(auto events, decoder.push(*bytes));
        for (http::SseEvent& event : events) {
          if (event.type != "message" || event.data.empty()) continue;
          CO_TRY(Message message, parse(std::move(event.data)));
          if (is_answer(message, request.id)) co_return message;
        }
      }
      // Only what the server numbered can be resumed (2025-11-25 transports, Resumability).
      const bool can_resume = era_ == Era::legacy && !decoder.last_event_id().empty();
      if (!can_resume || resumes == kMaxResumes) {
        co_return fail(Errc::unavailable, "the stream ended before the answer came");
      }
      CO_CHECK_OK(co_await async::sleep_for(decoder.retry().value_or(Millis(1'000))));
      http::Request get = make_get(decoder.last_event_id());
      CO_TRY(response,
             co_await http_.open(spec_.url, std::move(get), http::Client::Retry::idempotent,
                                 request.patience->deadline));
      if (classify(response) != AnswerKind::event_stream) {
        co_return fail(Errc::unavailable, "the stream ended and could not be resumed");
      }
    }
  }

  // A JSON-RPC error in the body outranks the status (2026-07-28 basic/versioning).
  async::Task<Message> read_refusal(http::StreamedResponse response, OutgoingRequest request) {
    const Error error = to_error(response.status, response.headers);
    std::string text;
    if (response.status >= 400) {
      auto body =
          co_await http::read_body(*response.body, kMaxErrorBody, request.patience->deadline);
      if (body) text = *std::move(body);
    }
    if (!session_.empty() && is_lost_session(response.status, text)) {
      died("the server has forgotten our session");
      co_return fail(Errc::conflict, "the server has forgotten our session");
    }
    auto message = parse_message(std::move(text), {});
    const bool ours = message && message->kind == MessageKind::error &&
                      (message->id == request.id || message->id.empty());
    if (ours && error.code != Errc::denied && error.code != Errc::unavailable) {
      co_return *std::move(message);
    }
    co_return std::unexpected(error);
  }

  // 404 by the book; some servers say 400 or 401 with words (contracts P-6).
  static bool is_lost_session(int status, const std::string& body) {
    if (status == 404) return true;
    return (status == 400 || status == 401) &&
           ascii_lower(body).find("session") != std::string::npos;
  }

  http::Request make_get(const std::string& last_event_id) const {
    http::Request out{.method = "GET", .headers = common_headers()};
    out.headers.set("Accept", "text/event-stream");
    if (!last_event_id.empty()) out.headers.set("Last-Event-ID", last_event_id);
    return out;
  }

  // The stream on which a legacy server speaks unasked. Not to have one is normal.
  async::Task<void> read_stream(std::shared_ptr<StreamableTransport>) {
    std::string last_event_id;
    Millis retry{1'000};
    for (int failures = 0;; ++failures) {
      http::Request get = make_get(last_event_id);
      auto response =
          co_await http_.open(spec_.url, std::move(get), http::Client::Retry::idempotent,
                              async::Deadline::in(kSendTimeout));
      if (!response && response.error().code == Errc::cancelled) co_return Result<void>{};
      if (response && response->status == 404 && !session_.empty()) {
        died("the server has forgotten our session");
        co_return Result<void>{};
      }
      if (response && classify(*response) != AnswerKind::event_stream) co_return Result<void>{};
      if (response) {
        failures = 0;
        http::SseDecoder decoder(max_message_bytes_);
        CO_CHECK_OK(co_await deliver_all(std::move(*response), decoder));
        last_event_id = decoder.last_event_id();
        retry = decoder.retry().value_or(retry);
      }
      CO_CHECK_OK(
          co_await async::sleep_for(std::max(retry, async::backoff_delay({}, failures, 0.5))));
    }
  }

  // Until the stream ends; fails only when cancelled or when the stream makes no sense.
  async::Task<void> deliver_all(http::StreamedResponse response, http::SseDecoder& decoder) {
    while (true) {
      auto bytes = co_await response.body->read_some(async::Deadline::never());
      if (!bytes && bytes.error().code == Errc::cancelled) co_return std::unexpected(bytes.error());
      if (!bytes || bytes->empty()) co_return Result<void>{};
      CO_TRY(auto events, decoder.push(*bytes));
      for (http::SseEvent& event : events) {
        if (event.type != "message" || event.data.empty()) continue;
        auto message = parse(std::move(event.data));
        if (message) (void)is_answer(*message, "");
      }
    }
  }

  void died(std::string reason) {
    if (!death_.empty()) return;
    death_ = std::move(reason);
    if (events_.on_closed) events_.on_closed(death_);
  }

  http::Client& http_;
  HttpSpec spec_;
  std::string name_;
  std::size_t max_message_bytes_;
  Events events_;
  Era era_ = Era::legacy;
  std::string version_;
  std::string session_;
  std::string death_;
  async::TaskScope scope_;
};

}  // namespace

std::shared_ptr<Transport> make_streamable_transport(async::Executor executor, http::Client& http,
                                                     const HttpSpec& spec,
                                                     const ClientOptions& options, Logger& log) {
  return std::make_shared<StreamableTransport>(std::move(executor), http, spec, options, log);
}

}  // namespace mcpo::mcp
