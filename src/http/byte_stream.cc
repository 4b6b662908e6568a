#include "http/byte_stream.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <vector>

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

auto tuple() { return asio::as_tuple(asio::use_awaitable); }

bool is_ip(const std::string& host) {
  boost::system::error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

// Closes the socket when the deadline passes while the guard lives. Armed anew only when it moves,
// which for the reads of one response it does not.
class DeadlineTimer {
 public:
  DeadlineTimer(const async::Executor& executor, tcp::socket& socket)
      : state_(std::make_shared<State>(executor, socket)) {}
  ~DeadlineTimer() {
    state_->socket = nullptr;
    state_->timer.cancel();
  }

  void arm(async::Deadline deadline) {
    if (deadline.time() == state_->armed_for) return;
    state_->armed_for = deadline.time();
    if (deadline.is_never()) {
      state_->timer.cancel();
      return;
    }
    state_->timer.expires_at(deadline.time());
    state_->timer.async_wait([state = state_, at = deadline.time()](boost::system::error_code) {
      if (state->socket == nullptr || state->armed_for != at) return;
      if (std::chrono::steady_clock::now() < at) return;
      state->passed = true;
      boost::system::error_code ignored;
      state->socket->cancel(ignored);
    });
  }
  bool passed() const { return state_->passed; }

 private:
  struct State {
    State(const async::Executor& executor, tcp::socket& s) : timer(executor), socket(&s) {}
    asio::steady_timer timer;
    tcp::socket* socket;
    SteadyTime armed_for = SteadyTime::max();
    bool passed = false;
  };
  std::shared_ptr<State> state_;
};

Error io_error(const boost::system::error_code& error, const DeadlineTimer& timer) {
  if (timer.passed()) return {Errc::timeout, "no answer in time"};
  if (error == asio::error::operation_aborted) return {Errc::cancelled, "cancelled"};
  return {Errc::unavailable, "connection lost: " + error.message()};
}

bool is_end(const boost::system::error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
}

template <class Stream>
class AsioStream final : public ByteStream {
 public:
  template <class... Args>
  explicit AsioStream(const async::Executor& executor, Args&&... args)
      : stream_(executor, std::forward<Args>(args)...), timer_(executor, socket()) {}

  async::Task<std::size_t> read_some(std::span<char> buffer, async::Deadline deadline) override {
    CO_CHECK_OK(co_await async::check_cancelled());
    if (deadline.expired()) co_return fail(Errc::timeout, "no answer in time");
    timer_.arm(deadline);
    auto [error, size] =
        co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), tuple());
    if (is_end(error)) co_return std::size_t{0};
    if (error) co_return std::unexpected(io_error(error, timer_));
    co_return size;
  }

  async::Task<void> write(std::string bytes, async::Deadline deadline) override {
    CO_CHECK_OK(co_await async::check_cancelled());
    timer_.arm(deadline);
    auto [error, size] = co_await asio::async_write(stream_, asio::buffer(bytes), tuple());
    if (error) co_return std::unexpected(io_error(error, timer_));
    co_return Result<void>{};
  }

  bool is_quiet() override {
    timer_.arm(async::Deadline::never());
    char byte = 0;
    return ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  Stream& stream() { return stream_; }
  DeadlineTimer& timer() { return timer_; }
  tcp::socket& socket() {
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
      return stream_;
    } else {
      return stream_.next_layer();
    }
  }

 private:
  Stream stream_;
  DeadlineTimer timer_;
};

using PlainStream = AsioStream<tcp::socket>;
using TlsStream = AsioStream<asio::ssl::stream<tcp::socket>>;

async::Task<std::vector<tcp::endpoint>> find_endpoints(async::Executor executor, const Url& url) {
  boost::system::error_code literal_error;
  const auto literal = asio::ip::make_address(url.host, literal_error);
  if (!literal_error) co_return std::vector{tcp::endpoint(literal, url.port)};
  tcp::resolver resolver(executor);
  auto [error, results] =
      co_await resolver.async_resolve(url.host, std::to_string(url.port), tuple());
  if (error == asio::error::operation_aborted) co_return fail(Errc::cancelled, "cancelled");
  if (error) co_return fail(Errc::unavailable, "look up " + url.host + ": " + error.message());
  std::vector<tcp::endpoint> out;
  for (const auto& result : results) out.push_back(result.endpoint());
  co_return out;
}

async::Task<void> connect(tcp::socket& socket, DeadlineTimer& timer, const Url& url,
                          async::Deadline deadline) {
  async::Executor executor = socket.get_executor();
  auto lookup = find_endpoints(executor, url);
  CO_TRY(auto endpoints,
         co_await async::with_deadline(std::move(lookup), deadline,
                                       "look up " + url.host + ": no answer in time"));
  timer.arm(deadline);
  auto [error, endpoint] = co_await asio::async_connect(socket, endpoints, tuple());
  const std::string where = "connect to " + url.host + ":" + std::to_string(url.port) + ": ";
  if (timer.passed()) co_return fail(Errc::timeout, where + "no answer in time");
  if (error == asio::error::operation_aborted) co_return fail(Errc::cancelled, "cancelled");
  if (error) co_return fail(Errc::unavailable, where + error.message());
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  co_return Result<void>{};
}

async::Task<void> handshake(TlsStream& tls, const Url& url, async::Deadline deadline) {
  const std::string where = "TLS with " + url.host + ": ";
  // Names only: an address has no SNI (RFC 6066 section 3).
  if (!is_ip(url.host)) {
    SSL_set_tlsext_host_name(tls.stream().native_handle(), url.host.c_str());
  }
  tls.stream().set_verify_mode(asio::ssl::verify_peer);
  tls.stream().set_verify_callback(asio::ssl::host_name_verification(url.host));
  tls.timer().arm(deadline);
  auto [error] = co_await tls.stream().async_handshake(asio::ssl::stream_base::client, tuple());
  if (tls.timer().passed()) co_return fail(Errc::timeout, where + "no answer in time");
  if (error == asio::error::operation_aborted) co_return fail(Errc::cancelled, "cancelled");
  if (error) co_return fail(Errc::unavailable, where + error.message());
  co_return Result<void>{};
}

}  // namespace

async::Task<std::unique_ptr<ByteStream>> open_stream(async::Executor executor, Url url,
                                                     asio::ssl::context& tls,
                                                     async::Deadline deadline) {
  CO_CHECK_OK(co_await async::check_cancelled());
  if (url.scheme == "http") {
    auto plain = std::make_unique<PlainStream>(executor);
    CO_CHECK_OK(co_await connect(plain->socket(), plain->timer(), url, deadline));
    co_return plain;
  }
  auto secure = std::make_unique<TlsStream>(executor, tls);
  CO_CHECK_OK(co_await connect(secure->socket(), secure->timer(), url, deadline));
  CO_CHECK_OK(co_await handshake(*secure, url, deadline));
  co_return secure;
}

}  // namespace mcpo::http
