#include "http/connection.h"

#include <boost/asio/this_coro.hpp>
#include <exception>

#include "http/message_writer.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxLingerBytes = std::size_t{64} << 20;
constexpr Millis kLingerTimeout{2'000};

std::string describe(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "not a std::exception";
  }
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

class Connection::Writer final : public ResponseWriter {
 public:
  Writer(Connection& connection, bool http_1_0) : connection_(connection), http_1_0_(http_1_0) {
    ++connection_.share_.requests_running;
  }
  ~Writer() override { stop_counting(); }

  async::Task<void> send(Response response) override {
    begun_ = true;
    ended_ = true;
    std::string framing = connection_line();
    if (!has_no_body(response.status)) {
      framing.append("Content-Length: ").append(std::to_string(response.body.size()));
      framing.append("\r\n");
    }
    const std::string head = response_head(response.status, response.headers, framing);
    const std::string_view body = connection_.head_only_ || has_no_body(response.status)
                                      ? std::string_view()
                                      : std::string_view(response.body);
    co_return co_await connection_.stream_.write(head, body, connection_.write_deadline());
  }

  async::Task<void> begin_stream(Response head) override {
    if (connection_.share_.stopping) co_return fail(Errc::unavailable, "the server stops");
    begun_ = true;
    stop_counting();
    connection_.phase_ = Phase::streaming;
    connection_.reader_.release_memory();  // an idle stream may live for hours
    if (http_1_0_) connection_.keep_alive_ = false;
    std::string framing = connection_line();
    if (!http_1_0_) framing.append("Transfer-Encoding: chunked\r\n");
    const std::string text = response_head(head.status, head.headers, framing);
    co_return co_await connection_.stream_.write(text, {}, connection_.write_deadline());
  }

  async::Task<void> write(std::string chunk) override {
    if (chunk.empty() || connection_.head_only_) co_return Result<void>();
    std::string head;
    if (!http_1_0_) {
      head = chunk_head(chunk.size());
      chunk.append("\r\n");
    }
    co_return co_await connection_.stream_.write(head, chunk, connection_.write_deadline());
  }

  async::Task<void> end_stream() override {
    ended_ = true;
    if (http_1_0_ || connection_.head_only_) co_return Result<void>();
    co_return co_await connection_.stream_.write("0\r\n\r\n", {}, connection_.write_deadline());
  }

  bool begun() const override { return begun_; }
  bool ended() const { return ended_; }

 private:
  std::string connection_line() {
    if (connection_.share_.stopping) connection_.keep_alive_ = false;
    if (!connection_.keep_alive_) return "Connection: close\r\n";
    return http_1_0_ ? "Connection: keep-alive\r\n" : "";
  }
  void stop_counting() {
    if (counted_) --connection_.share_.requests_running;
    counted_ = false;
  }

  Connection& connection_;
  bool http_1_0_;
  bool begun_ = false;
  bool ended_ = false;
  bool counted_ = true;
};

Connection::Connection(SocketStream::Socket socket, ServerShare& share)
    : share_(share),
      stream_(std::move(socket)),
      reader_(MessageReader::Role::request,
              {share.limits.max_header_bytes, share.limits.max_body_bytes}),
      peer_address_(stream_.peer_address()) {}

void Connection::cancel() { cancel_.emit(asio::cancellation_type::terminal); }

async::Deadline Connection::write_deadline() const {
  return async::Deadline::in(share_.limits.write_timeout);
}

async::Task<void> Connection::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (keep_alive_ && !share_.stopping) {
    phase_ = Phase::idle;
    reader_.begin();
    auto whole = co_await read_request();
    if (!whole || !*whole) break;
    if (!co_await handle_one()) break;
  }
  phase_ = Phase::closing;
  close();
  co_return Result<void>();
}

async::Task<void> Connection::run_refusing() {
  co_await asio::this_coro::throw_if_cancelled(false);
  Result<void> ended = co_await refuse(503, "too many connections (--max-connections)");
  close();
  co_return ended;
}

// False: nothing (more) to serve on this connection; what had to be said was said.
async::Task<bool> Connection::read_request() {
  async::Deadline deadline = async::Deadline::in(share_.limits.idle_timeout);
  bool in_body = false;
  MessageReader::Fault fault = reader_.push("");  // what came behind the last request
  while (true) {
    if (fault != MessageReader::Fault::none) {
      CO_CHECK_OK(co_await answer_fault(fault));
      co_return false;
    }
    if (reader_.stage() == MessageReader::Stage::done) co_return true;
    if (phase_ == Phase::idle && !reader_.is_untouched()) {
      phase_ = Phase::reading;
      deadline = async::Deadline::in(share_.limits.header_timeout);
    }
    if (!in_body && reader_.stage() == MessageReader::Stage::body) {
      in_body = true;
      deadline = async::Deadline::in(share_.limits.body_timeout);
      if (reader_.expects_continue()) {
        CO_CHECK_OK(co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n", {}, deadline));
      }
    }
    Result<std::string_view> bytes = co_await stream_.read_some(deadline);
    if (!bytes && bytes.error().code == Errc::timeout && phase_ == Phase::reading) {
      CO_CHECK_OK(co_await refuse(408, "the request did not arrive in time"));
    }
    if (!bytes || bytes->empty()) co_return false;
    fault = reader_.push(*bytes);
  }
}

async::Task<void> Connection::answer_fault(MessageReader::Fault fault) {
  std::string message = "the request cannot be read: " + reader_.fault_text();
  int status = 400;
  if (fault == MessageReader::Fault::head_too_large) {
    status = 431;
    message += " (--max-header-bytes)";
  } else if (fault == MessageReader::Fault::body_too_large) {
    status = 413;
    message += " (--max-body-bytes)";
  }
  co_return co_await refuse(status, message);
}

async::Task<void> Connection::handle_one() {
  keep_alive_ = reader_.keep_alive();
  const bool http_1_0 = reader_.is_http_1_0();
  Request request = reader_.take_request();
  head_only_ = request.method == "HEAD";
  if (share_.requests_running >= share_.limits.max_concurrent_requests) {
    co_return co_await refuse(503, "too many requests at once (--max-concurrent-requests)");
  }
  phase_ = Phase::handling;
  Writer writer(*this, http_1_0);
  watch_peer(share_.handler.on_disconnect(request));
  Result<void> handled = co_await run_handler(std::move(request), writer);
  stream_.unwatch();
  if (writer.ended() || writer.begun()) {
    // An answer without its end must not look whole: only closing tells.
    if (!writer.ended()) co_return fail(Errc::unavailable, "the answer was not finished");
    co_return handled;
  }
  CO_CHECK_OK(co_await async::check_cancelled());
  if (share_.stopping) co_return co_await refuse(503, "the server stops");
  if (handled) share_.log.error("a request was not answered", {{"peer", peer_address_}});
  co_return co_await refuse(500, "internal error");
}

// A handler that throws is a bug, and must not end the server.
async::Task<void> Connection::run_handler(Request request, Writer& writer) {
  std::exception_ptr thrown;
  try {
    Peer peer{peer_address_};
    co_await share_.handler.handle(std::move(request), std::move(peer), writer);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (!thrown) co_return Result<void>();
  share_.log.error("a request's handler threw", {{"cause", describe(thrown)}});
  co_return fail(Errc::internal, "a request's handler threw");
}

void Connection::watch_peer(OnDisconnect policy) {
  stream_.watch_close([this, policy] {
    keep_alive_ = false;
    if (policy == OnDisconnect::cancel_handler) cancel();
  });
}

// The answer to what never reached the handler; the connection is of no further use.
async::Task<void> Connection::refuse(int status, std::string_view message) {
  phase_ = Phase::closing;
  keep_alive_ = false;
  if (share_.abandoned) co_return fail(Errc::cancelled, "the server is gone");
  Response response = share_.handler.shape_error(status, std::string(message));
  if (status == 503) response.headers.set("Retry-After", "1");
  const std::string framing =
      "Connection: close\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  const std::string head = response_head(status, response.headers, framing);
  const std::string_view body = head_only_ ? std::string_view() : std::string_view(response.body);
  CO_CHECK_OK(co_await stream_.write(head, body, write_deadline()));
  CO_CHECK_OK(co_await linger());
  co_return fail(Errc::unavailable, "refused");
}

// Closing with unread bytes would reset the connection, and the peer could lose the answer.
async::Task<void> Connection::linger() {
  stream_.shutdown_send();
  const async::Deadline deadline = async::Deadline::in(kLingerTimeout);
  std::size_t total = 0;
  while (total < kMaxLingerBytes && !deadline.expired()) {
    CO_TRY(std::string_view bytes, co_await stream_.read_some(deadline));
    if (bytes.empty()) break;
    total += bytes.size();
  }
  co_return Result<void>();
}

}  // namespace mcpo::http
