// From an HTTP request to the part that serves it. What is allowed and which era it belongs to is
// decided in http_rules; sessions, exchanges and running requests have files of their own.
#include <boost/asio/this_coro.hpp>

#include "http/sse.h"
#include "mcp/legacy/handshake.h"
#include "mcp/modern/request_rules.h"
#include "mcp/modern/subscription.h"
#include "mcp/protocol.h"
#include "mcp/transport/endpoint.h"
#include "mcp/transport/http_exchange.h"
#include "mcp/transport/http_requests.h"
#include "mcp/transport/http_rules.h"

namespace mcpo::mcp {
namespace {

using legacy::SessionTable;

constexpr std::size_t kMaxBatch = 100;  // messages of one 2025-03-26 batch

http::Response accepted() {
  http::Response response;
  response.status = 202;
  return response;
}

Refusal busy(int status, std::string message) {
  return {status, {kInternalError, std::move(message), {}}};
}

Refusal invalid_request(int status, std::string message) {
  return {status, {kInvalidRequest, "Invalid Request: " + std::move(message), {}}};
}

}  // namespace

struct HttpEndpoint::Impl {
  Impl(async::Executor on, EndpointOptions opts, ServerFeatures& features, const Clock& clock,
       Logger& log)
      : executor(on),
        options(std::move(opts)),
        dispatcher(features, options.info),
        sessions(std::make_shared<SessionTable>(options.max_sessions, options.session_idle_timeout,
                                                clock)),
        requests(on, dispatcher, log),
        stop_notice(std::make_shared<async::Notifier>(on)) {}

  async::Co<> handle(http::Request request, http::ResponseWriter& writer);
  async::Co<> post(http::Request request, http::ResponseWriter& writer);
  async::Co<> post_message(http::Request request, Message message, SessionTable::Use session,
                           http::ResponseWriter& writer);
  async::Co<> post_batch(std::vector<std::string> parts, SessionTable::Use session,
                         http::ResponseWriter& writer);
  async::Co<> initialize(Message message, http::ResponseWriter& writer);
  async::Co<> serve_legacy(Message message, SessionTable::Use session,
                           http::ResponseWriter& writer);
  async::Co<> serve_modern(http::Request request, Message message, http::ResponseWriter& writer);
  async::Co<> listen(Message message, http::ResponseWriter& writer);
  async::Co<> get_or_delete(http::Request request, http::ResponseWriter& writer);
  async::Co<> stream(SessionTable::Use session, http::ResponseWriter& writer);

  static async::Co<> send(http::Response response, http::ResponseWriter& writer);
  static async::Co<> refuse(std::string_view id, const Refusal& refusal,
                            http::ResponseWriter& writer);
  SessionTable::Use find_session(const http::Request& request, SessionState& state) const;
  std::optional<Refusal> check_session_call(const Message& message,
                                            SessionTable::Use& session) const;
  HttpRequests::Handle start_legacy(Message message, SessionTable::Use& session,
                                    std::shared_ptr<Outbox> box);
  ExchangeOptions exchange(Era era, BodyShape shape) const {
    return {era, shape, options.keep_alive};
  }

  async::Executor executor;
  EndpointOptions options;
  Dispatcher dispatcher;
  std::shared_ptr<SessionTable> sessions;
  HttpRequests requests;
  std::shared_ptr<async::Notifier> stop_notice;
  bool stopping = false;
};

// What a peer that is gone does not hear needs no further care.
async::Co<> HttpEndpoint::Impl::send(http::Response response, http::ResponseWriter& writer) {
  co_await writer.send(std::move(response));
}

// No coroutine itself: the response is built before anything is awaited.
async::Co<> HttpEndpoint::Impl::refuse(std::string_view id, const Refusal& refusal,
                                       http::ResponseWriter& writer) {
  return send(refusal_response(id, refusal), writer);
}

SessionTable::Use HttpEndpoint::Impl::find_session(const http::Request& request,
                                                   SessionState& state) const {
  auto id = request.headers.find("Mcp-Session-Id");
  if (!id) {
    state = SessionState::none;
    return {};
  }
  SessionTable::Use session = sessions->find(*id);
  state = session ? SessionState::live : SessionState::dead;
  return session;
}

async::Co<> HttpEndpoint::Impl::handle(http::Request request, http::ResponseWriter& writer) {
  std::optional<Refusal> refusal;
  if (const int status = mcp::check_origin(request, options); status != 0) {
    refusal = invalid_request(status, "Host or Origin is not allowed");
  } else if (stopping) {
    refusal = busy(503, "The server is stopping");
  }
  if (refusal) {
    co_await refuse({}, *refusal, writer);
  } else if (request.method == "POST") {
    co_await post(std::move(request), writer);
  } else if (request.method == "GET" || request.method == "DELETE") {
    co_await get_or_delete(std::move(request), writer);
  } else {
    refusal = invalid_request(405, "Method not allowed");
    co_await refuse({}, *refusal, writer);
  }
}

async::Co<> HttpEndpoint::Impl::post(http::Request request, http::ResponseWriter& writer) {
  std::optional<Refusal> refusal;
  if (!has_json_body(request)) {
    refusal = invalid_request(415, "Content-Type must be application/json");
  } else if (!accepts(request, "application/json") || !accepts(request, "text/event-stream")) {
    refusal = invalid_request(406, "Accept must allow application/json and text/event-stream");
  }
  if (refusal) co_return co_await refuse({}, *refusal, writer);

  SessionState state = SessionState::none;
  SessionTable::Use session = find_session(request, state);
  auto batch = split_batch(request.body, options.json);
  if (batch && *batch) {
    std::vector<std::string> parts = std::move(**batch);
    co_return co_await post_batch(std::move(parts), std::move(session), writer);
  }
  std::optional<MessageError> wrong;
  if (!batch) wrong = batch.error();
  if (!wrong) {
    std::string body = std::move(request.body);
    auto message = parse_message(std::move(body), options.json);
    if (message) {
      Message parsed = std::move(*message);
      co_return co_await post_message(std::move(request), std::move(parsed), std::move(session),
                                      writer);
    }
    wrong = message.error();
  }
  refusal = Refusal{400, {wrong->code, wrong->message, {}}};
  co_await refuse(wrong->id, *refusal, writer);
}

async::Co<> HttpEndpoint::Impl::post_message(http::Request request, Message message,
                                             SessionTable::Use session,
                                             http::ResponseWriter& writer) {
  SessionState state = SessionState::none;
  if (request.headers.find("Mcp-Session-Id")) {
    state = session ? SessionState::live : SessionState::dead;
  }
  const auto version = request.headers.find("MCP-Protocol-Version");
  const bool is_response =
      message.kind == MessageKind::result || message.kind == MessageKind::error;
  EraChoice choice =
      is_response ? choose_era_by_headers(version, state) : choose_era(message, version, state);
  switch (choice.era) {
    case HttpEra::initialize:
      co_return co_await initialize(std::move(message), writer);
    case HttpEra::legacy:
      co_return co_await serve_legacy(std::move(message), std::move(session), writer);
    case HttpEra::modern:
      co_return co_await serve_modern(std::move(request), std::move(message), writer);
    case HttpEra::refused:
      // Only the id of a request may come back.
      co_return co_await refuse(is_response ? std::string_view() : message.id, choice.refusal,
                                writer);
  }
}

async::Co<> HttpEndpoint::Impl::initialize(Message message, http::ResponseWriter& writer) {
  auto negotiated = legacy::read_initialize(message);
  if (message.kind != MessageKind::request) {
    Refusal refusal = invalid_request(400, "initialize is a request");
    co_return co_await refuse({}, refusal, writer);
  }
  if (!negotiated) {
    http::Response response = json_response(200, make_error(message.id, negotiated.error()));
    co_await writer.send(std::move(response));
    co_return;
  }
  SessionTable::Use session = sessions->open(std::move(*negotiated));
  if (!session) {
    Refusal refusal = busy(503, "Too many sessions: all are in use");
    co_return co_await refuse(message.id, refusal, writer);
  }
  const std::string result = legacy::initialize_result(options.info, session->negotiated.version);
  http::Response response = json_response(200, make_result(message.id, result));
  response.headers.add("Mcp-Session-Id", session->id);
  co_await writer.send(std::move(response));
}

std::optional<Refusal> HttpEndpoint::Impl::check_session_call(const Message& message,
                                                              SessionTable::Use& session) const {
  if (message.method == "initialize") return invalid_request(400, "initialize opens a session");
  if (message.method == "tools/call" && session->calls.size() >= options.max_calls_per_session) {
    return busy(429, "Too many requests of this session are running");
  }
  if (session->calls.contains(message.id)) {
    return invalid_request(400, "a request with this id is running already");
  }
  return std::nullopt;
}

HttpRequests::Handle HttpEndpoint::Impl::start_legacy(Message message, SessionTable::Use& session,
                                                      std::shared_ptr<Outbox> box) {
  const legacy::Negotiated& negotiated = session->negotiated;
  RequestContext ctx =
      make_context(message, Era::legacy, negotiated.version, negotiated.client_capabilities, box);
  return requests.start(std::move(message), std::move(ctx), std::move(box), session.again());
}

async::Co<> HttpEndpoint::Impl::serve_legacy(Message message, SessionTable::Use session,
                                             http::ResponseWriter& writer) {
  if (message.kind != MessageKind::request) {
    if (message.method == "notifications/cancelled") {
      auto id = message.params ? message.params->find("requestId") : std::nullopt;
      if (id) session->calls.cancel(id->text());
    }
    http::Response response = accepted();
    co_await writer.send(std::move(response));
    co_return;
  }
  if (auto refusal = check_session_call(message, session)) {
    co_return co_await refuse(message.id, *refusal, writer);
  }
  auto box = std::make_shared<Outbox>(executor, 1);
  start_legacy(std::move(message), session, box);
  // A lost connection is no cancellation (S-33): the call goes on, its result is dropped.
  co_await write_exchange(std::move(box), writer, exchange(Era::legacy, BodyShape::single));
}

// S-3. Everything in it runs at once; the answers come as one array.
async::Co<> HttpEndpoint::Impl::post_batch(std::vector<std::string> parts,
                                           SessionTable::Use session,
                                           http::ResponseWriter& writer) {
  const bool allowed = session && session->negotiated.version == kVersion2025_03;
  if (!allowed || parts.size() > kMaxBatch) {
    Refusal refusal = invalid_request(
        400, allowed ? "the batch is too large" : "batches exist in 2025-03-26 sessions only");
    co_return co_await refuse({}, refusal, writer);
  }
  std::vector<Message> wanted;
  std::vector<Answer> refused;
  for (std::string& part : parts) {
    auto message = parse_message(std::move(part), options.json);
    if (!message) {
      const MessageError& wrong = message.error();
      refused.push_back(Answer::error(wrong.id, {wrong.code, wrong.message, {}}));
    } else if (message->kind == MessageKind::request) {
      wanted.push_back(std::move(*message));
    } else if (message->method == "notifications/cancelled" && message->params) {
      if (auto id = message->params->find("requestId")) session->calls.cancel(id->text());
    }
  }
  if (wanted.empty() && refused.empty()) {
    http::Response response = accepted();
    co_await writer.send(std::move(response));
    co_return;
  }
  auto box = std::make_shared<Outbox>(executor, wanted.size() + refused.size());
  for (Answer& answer : refused) box->answer(std::move(answer));
  for (Message& message : wanted) {
    if (auto refusal = check_session_call(message, session)) {
      box->answer(Answer::error(message.id, refusal->error));
    } else {
      start_legacy(std::move(message), session, box);
    }
  }
  co_await write_exchange(std::move(box), writer, exchange(Era::legacy, BodyShape::batch));
}

async::Co<> HttpEndpoint::Impl::serve_modern(http::Request request, Message message,
                                             http::ResponseWriter& writer) {
  if (message.kind == MessageKind::notification) {
    http::Response response = accepted();
    co_await writer.send(std::move(response));
    co_return;
  }
  if (message.kind != MessageKind::request) {
    Refusal refusal = invalid_request(400, "the server sent no request that this could answer");
    co_return co_await refuse({}, refusal, writer);
  }
  std::optional<Refusal> refusal = modern::check_request(message, &request.headers);
  if (!refusal && message.method == "subscriptions/listen") {
    co_return co_await listen(std::move(message), writer);
  }
  auto box = std::make_shared<Outbox>(executor, 1);
  RequestContext ctx = make_context(message, Era::modern, kVersion2026_07,
                                    modern::client_capabilities(message), box);
  if (!refusal && message.method == "tools/call") {
    const std::string tools = dispatcher.features().list_tools(ctx);
    refusal = modern::check_parameter_headers(message, request.headers, tools);
  }
  if (refusal) co_return co_await refuse(message.id, *refusal, writer);

  auto handle = requests.start(std::move(message), std::move(ctx), box, {});
  const Delivery delivery =
      co_await write_exchange(std::move(box), writer, exchange(Era::modern, BodyShape::single));
  if (delivery == Delivery::peer_gone) handle->cancel();  // S-45
}

async::Co<> HttpEndpoint::Impl::listen(Message message, http::ResponseWriter& writer) {
  if (auto wrong = modern::check_listen(message)) {
    Refusal refusal{200, std::move(*wrong)};
    co_return co_await refuse(message.id, refusal, writer);
  }
  http::Response head = event_stream_head();
  Result<void> written = co_await writer.begin_stream(std::move(head));
  http::SseEvent event;
  event.data = modern::acknowledged(message.id);
  std::string chunk = http::encode_event(event);
  if (written) written = co_await writer.write(std::move(chunk));
  if (!written) co_return;
  std::function<bool()> ended = [this] { return stopping; };
  const Delivery held =
      co_await hold_stream(writer, stop_notice, std::move(ended), options.keep_alive);
  if (held == Delivery::peer_gone) co_return;
  event.data = modern::listen_result(message.id, dispatcher.server_info());
  chunk = http::encode_event(event);
  written = co_await writer.write(std::move(chunk));
  if (written) co_await writer.end_stream();
}

// S-28, S-29, S-42: only a legacy session has something behind GET and DELETE.
async::Co<> HttpEndpoint::Impl::get_or_delete(http::Request request, http::ResponseWriter& writer) {
  const auto version = request.headers.find("MCP-Protocol-Version");
  SessionState state = SessionState::none;
  SessionTable::Use session = find_session(request, state);
  EraChoice choice = choose_era_by_headers(version, state);
  std::optional<Refusal> refusal;
  if (choice.era == HttpEra::modern || (state == SessionState::none && !version)) {
    refusal = invalid_request(405, "Method not allowed without a session");
  } else if (choice.era == HttpEra::refused) {
    refusal = std::move(choice.refusal);
  } else if (request.method == "GET" && !accepts(request, "text/event-stream")) {
    refusal = invalid_request(406, "Accept must allow text/event-stream");
  }
  if (refusal) co_return co_await refuse({}, *refusal, writer);
  if (request.method == "GET") co_return co_await stream(std::move(session), writer);
  sessions->close(*session.session());
  http::Response response;
  response.status = 204;
  co_await writer.send(std::move(response));
}

async::Co<> HttpEndpoint::Impl::stream(SessionTable::Use session, http::ResponseWriter& writer) {
  if (!session->ended) session->ended = std::make_shared<async::Notifier>(executor);
  http::Response head = event_stream_head();
  Result<void> written = co_await writer.begin_stream(std::move(head));
  if (!written) co_return;
  std::shared_ptr<async::Notifier> changed = session->ended;
  std::function<bool()> ended = [this, live = session.session()] {
    return stopping || live->closed;
  };
  const Delivery held =
      co_await hold_stream(writer, std::move(changed), std::move(ended), options.keep_alive);
  if (held == Delivery::done) co_await writer.end_stream();
}

HttpEndpoint::HttpEndpoint(async::Executor executor, EndpointOptions options,
                           ServerFeatures& features, const Clock& clock, Logger& log)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(options), features, clock, log)) {
}

HttpEndpoint::~HttpEndpoint() = default;

int HttpEndpoint::check_origin(const http::Request& request) const {
  return mcp::check_origin(request, impl_->options);
}

async::Co<> HttpEndpoint::handle(http::Request request, http::Peer /*peer*/,
                                 http::ResponseWriter& writer) {
  co_await async::asio::this_coro::throw_if_cancelled(false);
  co_await impl_->handle(std::move(request), writer);
}

// A modern request always names its version in the header (S-36), so the header alone decides.
http::OnDisconnect HttpEndpoint::on_disconnect(const http::Request& request) const {
  if (request.method != "POST") return http::OnDisconnect::cancel_handler;
  auto version = request.headers.find("MCP-Protocol-Version");
  return version && is_modern_looking(*version) ? http::OnDisconnect::cancel_handler
                                                : http::OnDisconnect::keep_running;
}

http::Response HttpEndpoint::shape_error(int status, const std::string& message) const {
  Refusal refusal = status >= 500 ? busy(status, message) : invalid_request(status, message);
  return refusal_response({}, refusal);
}

std::size_t HttpEndpoint::sessions() const {
  impl_->sessions->evict_expired();
  return impl_->sessions->size();
}

async::Task<void> HttpEndpoint::stop(async::Deadline deadline) {
  impl_->stopping = true;
  impl_->stop_notice->notify_all();
  impl_->sessions->wake_streams();
  Result<void> finished = co_await impl_->requests.finish(deadline);
  impl_->sessions->close_all();
  co_return finished;
}

}  // namespace mcpo::mcp
