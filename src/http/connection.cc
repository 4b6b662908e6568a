#include "http/connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

constexpr std::size_t kReadBytes = std::size_t{16} << 10;
constexpr std::size_t kMaxReadBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxDrainBytes = std::size_t{64} << 20;
constexpr Millis kDrainTimeout{2'000};

auto tuple() { return asio::as_tuple(asio::use_awaitable); }

}  // namespace

class Connection::Writer final : public ResponseWriter {
 public:
  Writer(Connection& connection, bool head_only, bool http_1_0)
      : connection_(connection), head_only_(head_only), http_1_0_(http_1_0) {}
  ~Writer() override { finish_request(); }

  async::Task<void> send(Response response) override {
    begun_ = true;
    ended_ = true;
    Headers framing{{"Date", wire::http_date()}};
    if (response.status != 204) {
      framing.add("Content-Length", std::to_string(response.body.size()));
    }
    add_connection(framing);
    std::string head = wire::response_head(response.status, response.headers, framing);
    std::string body = head_only_ ? std::string() : std::move(response.body);
    co_return co_await connection_.write_all(std::move(head), std::move(body));
  }

  async::Task<void> begin_stream(Response head) override {
    begun_ = true;
    Headers framing{{"Date", wire::http_date()}};
    if (http_1_0_) {
      connection_.keep_alive_ = false;
    } else {
      framing.add("Transfer-Encoding", "chunked");
    }
    add_connection(framing);
    finish_request();
    connection_.phase_ = Phase::streaming;
    connection_.buffer_.shrink_to_fit();  // an idle stream may live for hours
    std::string text = wire::response_head(head.status, head.headers, framing);
    std::string none;
    co_return co_await connection_.write_all(std::move(text), std::move(none));
  }

  async::Task<void> write(std::string bytes) override {
    if (bytes.empty() || head_only_) co_return Result<void>{};
    std::string text = http_1_0_ ? std::move(bytes) : wire::chunk(bytes);
    std::string none;
    co_return co_await connection_.write_all(std::move(text), std::move(none));
  }

  async::Task<void> end_stream() override {
    ended_ = true;
    if (http_1_0_ || head_only_) co_return Result<void>{};
    std::string last = "0\r\n\r\n";
    std::string none;
    co_return co_await connection_.write_all(std::move(last), std::move(none));
  }

  bool begun() const override { return begun_; }
  bool ended() const { return ended_; }

 private:
  void add_connection(Headers& framing) {
    if (connection_.state_.stopping) connection_.keep_alive_ = false;
    if (!connection_.keep_alive_) {
      framing.add("Connection", "close");
    } else if (http_1_0_) {
      framing.add("Connection", "keep-alive");
    }
  }
  void finish_request() {
    if (counted_) --connection_.state_.requests_running;
    counted_ = false;
  }

  Connection& connection_;
  bool head_only_;
  bool http_1_0_;
  bool begun_ = false;
  bool ended_ = false;
  bool counted_ = true;  // in requests_running
};

Connection::Connection(asio::ip::tcp::socket socket, ServerState& state)
    : socket_(std::move(socket)), state_(state) {}

void Connection::limit(Millis duration) {
  deadline_ =
      duration == Millis::max() ? SteadyTime::max() : std::chrono::steady_clock::now() + duration;
}

void Connection::check_deadline(SteadyTime now) {
  if (now < deadline_ || timed_out_) return;
  timed_out_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Connection::cancel() {
  if (cancel_) cancel_();
}

void Connection::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

async::Task<void> Connection::run() {
  const auto self = shared_from_this();
  while (keep_alive_ && !peer_gone_ && !state_.stopping) {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(state_.limits.max_header_bytes));
    parser.body_limit(state_.limits.max_body_bytes);
    phase_ = Phase::idle;
    limit(state_.limits.idle_timeout);
    auto read = co_await read_request(parser);
    if (!read || !*read) break;
    if (auto handled = co_await handle_one(parser); !handled) break;
  }
  phase_ = Phase::closing;
  close();
  co_return Result<void>{};
}

// At least one byte more into buffer_; 0 at the end of the stream.
async::Task<std::size_t> Connection::read_more() {
  CO_CHECK_OK(co_await async::check_cancelled());
  const std::size_t before = buffer_.size();
  const std::size_t room = std::min(kMaxReadBytes, std::max(kReadBytes, before));
  buffer_.resize(before + room);
  auto [error, size] =
      co_await socket_.async_read_some(asio::buffer(buffer_.data() + before, room), tuple());
  buffer_.resize(before + size);
  if (error == asio::error::eof) co_return std::size_t{0};
  if (timed_out_) co_return fail(Errc::timeout, "the peer is too slow");
  if (error) co_return fail(Errc::unavailable, error.message());
  co_return size;
}

// False: nothing (more) to serve on this connection; what had to be said was said.
async::Task<bool> Connection::read_request(Parser& parser) {
  while (!parser.is_header_done()) {
    if (!buffer_.empty()) {
      boost::system::error_code error;
      const std::size_t used = parser.put(asio::buffer(buffer_), error);
      buffer_.erase(0, used);
      if (error == beast_http::error::header_limit) {
        co_await refuse(431, "the request's header fields are larger than " +
                                 std::to_string(state_.limits.max_header_bytes) +
                                 " bytes (--max-header-bytes)");
        co_return false;
      }
      if (error == beast_http::error::body_limit) {
        co_await refuse(413, "the request's body is larger than " +
                                 std::to_string(state_.limits.max_body_bytes) +
                                 " bytes (--max-body-bytes)");
        co_return false;
      }
      if (error && error != beast_http::error::need_more) {
        co_await refuse(400, "this is not an HTTP/1.1 request: " + error.message());
        co_return false;
      }
      if (parser.is_header_done()) break;
    }
    auto size = co_await read_more();
    if (!size) {
      if (size.error().code == Errc::timeout && phase_ == Phase::reading) {
        co_await refuse(408, "the request did not arrive in time");
      }
      co_return false;
    }
    if (*size == 0) co_return false;
    if (phase_ == Phase::idle) {
      phase_ = Phase::reading;
      limit(state_.limits.header_timeout);
    }
  }
  phase_ = Phase::reading;
  auto body = co_await read_body(parser);
  co_return body.has_value();
}

async::Task<void> Connection::read_body(Parser& parser) {
  parser.eager(true);
  limit(state_.limits.body_timeout);
  if (!parser.is_done() && parser.get().find(beast_http::field::expect) != parser.get().end()) {
    std::string proceed = "HTTP/1.1 100 Continue\r\n\r\n";
    std::string none;
    CO_CHECK_OK(co_await write_all(std::move(proceed), std::move(none)));
    limit(state_.limits.body_timeout);
  }
  while (!parser.is_done()) {
    boost::system::error_code error;
    if (!buffer_.empty()) {
      const std::size_t used = parser.put(asio::buffer(buffer_), error);
      buffer_.erase(0, used);
    } else {
      error = beast_http::error::need_more;
    }
    if (parser.is_done()) break;
    if (error == beast_http::error::body_limit) {
      co_await refuse(413, "the request's body is larger than " +
                               std::to_string(state_.limits.max_body_bytes) +
                               " bytes (--max-body-bytes)");
      co_return fail(Errc::too_large, "body");
    }
    if (error && error != beast_http::error::need_more) {
      co_await refuse(400, "the request's body is malformed: " + error.message());
      co_return fail(Errc::invalid, "body");
    }
    if (!error && !buffer_.empty()) continue;
    auto size = co_await read_more();
    if (!size && size.error().code == Errc::timeout) {
      co_await refuse(408, "the request's body did not arrive in time");
    }
    if (!size) co_return std::unexpected(size.error());
    if (*size == 0) co_return fail(Errc::unavailable, "the peer left in the middle of a request");
  }
  co_return Result<void>{};
}

async::Task<void> Connection::handle_one(Parser& parser) {
  Request request;
  const bool http_1_0 = parser.get().version() < 11;
  keep_alive_ = parser.get().keep_alive();
  request.method = std::string(parser.get().method_string());
  request.target = std::string(parser.get().target());
  request.headers = wire::to_headers(parser.get());
  request.body = std::move(parser.get().body());
  if (state_.requests_running >= state_.limits.max_concurrent_requests) {
    Response busy = state_.handler.shape_error(
        503, "too many requests at once (--max-concurrent-requests); try again in a second");
    busy.headers.set("Retry-After", "1");
    busy.headers.add("Content-Length", std::to_string(busy.body.size()));
    std::string head = wire::response_head(503, busy.headers, {});
    std::string body = std::move(busy.body);
    co_return co_await write_all(std::move(head), std::move(body));
  }
  ++state_.requests_running;
  phase_ = Phase::handling;
  limit(Millis::max());
  Peer peer;
  boost::system::error_code ignored;
  const auto address = socket_.remote_endpoint(ignored);
  if (!ignored) peer.address = address.address().to_string() + ":" + std::to_string(address.port());
  Writer writer(*this, request.method == "HEAD", http_1_0);
  watch_peer(state_.handler.on_disconnect(request));
  co_await state_.handler.handle(std::move(request), std::move(peer), writer);
  unwatch_peer();
  if (!writer.ended()) co_return fail(Errc::unavailable, "the answer was not finished");
  co_return Result<void>{};
}

// The socket turns readable when the peer leaves, or when it sends the next request early: looking
// without taking tells which.
void Connection::watch_peer(OnDisconnect on_disconnect) {
  watching_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this(), on_disconnect](boost::system::error_code error) {
                       if (error || !self->watching_) return;
                       char byte = 0;
                       const auto size =
                           ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
                       if (size > 0) return;  // pipelined; its sender's leaving is seen later
                       self->watching_ = false;
                       self->peer_gone_ = true;
                       if (on_disconnect == OnDisconnect::cancel_handler) self->cancel();
                     });
}

void Connection::unwatch_peer() {
  if (!watching_) return;
  watching_ = false;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

async::Task<void> Connection::write_all(std::string head, std::string body) {
  if (peer_gone_) co_return fail(Errc::unavailable, "the peer is gone");
  limit(state_.limits.write_timeout);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  auto [error, size] = co_await asio::async_write(socket_, buffers, tuple());
  limit(Millis::max());
  if (timed_out_) co_return fail(Errc::timeout, "the peer does not read");
  if (error) {
    peer_gone_ = true;
    co_return fail(Errc::unavailable, "the peer is gone: " + error.message());
  }
  co_return Result<void>{};
}

// The answer to what never reached the handler; the connection is of no further use.
async::Co<> Connection::refuse(int status, std::string message) {
  keep_alive_ = false;
  timed_out_ = false;
  Response response = state_.handler.shape_error(status, std::move(message));
  response.headers.add("Content-Length", std::to_string(response.body.size()));
  response.headers.add("Connection", "close");
  std::string head = wire::response_head(status, response.headers, {});
  std::string body = std::move(response.body);
  if (co_await write_all(std::move(head), std::move(body))) co_await drain();
}

// Closing with unread bytes would reset the connection, and the peer could lose the answer.
async::Co<> Connection::drain() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  limit(kDrainTimeout);
  std::size_t total = 0;
  buffer_.clear();
  while (total < kMaxDrainBytes) {
    auto size = co_await read_more();
    if (!size || *size == 0) co_return;
    total += *size;
    buffer_.clear();
  }
}

}  // namespace mcpo::http
