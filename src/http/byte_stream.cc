#include "http/byte_stream.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <span>

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr int kReadsInARow = 16;

auto tuple() { return asio::as_tuple(asio::use_awaitable); }

// Used between two suspensions only, so one for all streams of a thread.
std::span<char> read_buffer() {
  thread_local const std::unique_ptr<char[]> buffer(new char[kReadBytes]);
  return {buffer.get(), kReadBytes};
}

bool would_block(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

std::string describe(const error_code& error) {
  std::string text = error.message();
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a') text[0] |= 0x20;
  return text;
}

struct SocketStream::State : std::enable_shared_from_this<State> {
  explicit State(Socket s) : socket(std::move(s)), timer(socket.get_executor()) {}

  void arm(async::Deadline until);
  void on_timer();
  void watch();
  void look();

  Socket socket;
  asio::steady_timer timer;
  async::Deadline deadline = async::Deadline::never();  // of the wait that runs
  SteadyTime armed_for = SteadyTime::max();             // max: the timer does not run
  int reads_in_a_row = 0;                               // without a wait
  bool timed_out = false;
  bool watching = false;  // the wait for a watch runs
  std::function<void()> closed;
};

// The timer is left running when a wait ends, and looks at the deadline in force when it fires:
// under load it is set once in a deadline's length, not once a wait.
void SocketStream::State::arm(async::Deadline until) {
  deadline = until;
  if (until.is_never() || armed_for <= until.time()) return;
  armed_for = until.time();
  timer.expires_at(armed_for);
  timer.async_wait([weak = weak_from_this()](error_code error) {
    auto state = weak.lock();
    if (state && error != asio::error::operation_aborted) state->on_timer();
  });
}

void SocketStream::State::on_timer() {
  if (std::chrono::steady_clock::now() < armed_for) return;  // one that was moved meanwhile
  armed_for = SteadyTime::max();
  if (deadline.expired()) {
    timed_out = true;
    error_code ignored;
    socket.cancel(ignored);
  } else {
    arm(deadline);
  }
}

SocketStream::SocketStream(async::Executor executor) : SocketStream(Socket(executor)) {}

SocketStream::SocketStream(Socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  error_code ignored;
  if (!state_->socket.is_open()) return;
  state_->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  state_->socket.non_blocking(true, ignored);
}

SocketStream::~SocketStream() {
  state_->closed = nullptr;
  close();
}

SocketStream::Socket& SocketStream::socket() { return state_->socket; }

void SocketStream::begin_wait(async::Deadline deadline) {
  if (deadline.time() != state_->deadline.time()) state_->arm(deadline);
}

Result<void> SocketStream::end_wait(error_code error) {
  state_->deadline = async::Deadline::never();
  if (!error) return {};
  if (state_->timed_out) return fail(Errc::timeout, "no answer in time");
  if (error == asio::error::operation_aborted) return fail(Errc::cancelled, "cancelled");
  return fail(Errc::unavailable, describe(error));
}

async::Task<void> SocketStream::connect(Endpoint endpoint, async::Deadline deadline) {
  CO_CHECK_OK(co_await async::check_cancelled());
  if (deadline.expired()) co_return fail(Errc::timeout, "no answer in time");
  begin_wait(deadline);
  auto [error] = co_await state_->socket.async_connect(endpoint, tuple());
  if (Result<void> connected = end_wait(error); !connected) {
    if (error == asio::error::connection_refused) connected.error().cause = Cause::refused;
    co_return connected;
  }
  state_->socket.set_option(asio::ip::tcp::no_delay(true), error);
  state_->socket.non_blocking(true, error);
  co_return Result<void>();
}

async::Task<void> SocketStream::wait_until(Socket::wait_type ready, async::Deadline deadline) {
  CO_CHECK_OK(co_await async::check_cancelled());
  if (deadline.expired()) co_return fail(Errc::timeout, "no answer in time");
  begin_wait(deadline);
  auto [error] = co_await state_->socket.async_wait(ready, tuple());
  co_return end_wait(error);
}

async::Task<std::string_view> SocketStream::read_some(async::Deadline deadline) {
  if (deadline.expired()) co_return fail(Errc::timeout, "no answer in time");
  // A peer that sends without a pause must not keep the thread for itself.
  if (++state_->reads_in_a_row > kReadsInARow) {
    state_->reads_in_a_row = 0;
    co_await asio::post(asio::use_awaitable);
    CO_CHECK_OK(co_await async::check_cancelled());
  }
  while (true) {
    const std::span<char> buffer = read_buffer();
    error_code error;
    const std::size_t size =
        state_->socket.read_some(asio::buffer(buffer.data(), buffer.size()), error);
    if (!error) co_return std::string_view(buffer.data(), size);
    if (error == asio::error::eof) co_return std::string_view();
    if (!would_block(error)) co_return fail(Errc::unavailable, describe(error));
    state_->reads_in_a_row = 0;
    CO_CHECK_OK(co_await wait_until(Socket::wait_read, deadline));
  }
}

async::Task<void> SocketStream::write(std::string_view head, std::string_view body,
                                      async::Deadline deadline) {
  while (true) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
    error_code error;
    const std::size_t size = state_->socket.write_some(buffers, error);
    if (error && !would_block(error)) co_return fail(Errc::unavailable, describe(error));
    const std::size_t of_head = std::min(size, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(size - of_head);
    if (head.empty() && body.empty()) co_return Result<void>();
    CO_CHECK_OK(co_await wait_until(Socket::wait_write, deadline));
  }
}

bool SocketStream::is_quiet() {
  char byte = 0;
  return ::recv(state_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

void SocketStream::rest() {
  if (state_->armed_for == SteadyTime::max()) return;
  state_->armed_for = SteadyTime::max();
  state_->timer.cancel();
}

// The wait of an earlier watch may still run: then it serves this one.
void SocketStream::watch_close(std::function<void()> closed) {
  state_->closed = std::move(closed);
  state_->watch();
}

void SocketStream::State::watch() {
  if (watching) return;
  watching = true;
  socket.async_wait(Socket::wait_read, [weak = weak_from_this()](error_code error) {
    auto state = weak.lock();
    if (!state) return;
    state->watching = false;
    if (!error && state->closed) state->look();
  });
}

void SocketStream::State::look() {
  char byte = 0;
  const auto size = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (size > 0) return;
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    // The wait saw bytes that were read meanwhile.
    watch();
    return;
  }
  const auto call = std::exchange(closed, nullptr);
  call();
}

void SocketStream::unwatch() { state_->closed = nullptr; }

void SocketStream::shutdown_send() {
  error_code ignored;
  state_->socket.shutdown(Socket::shutdown_send, ignored);
}

void SocketStream::close() {
  rest();
  error_code ignored;
  state_->socket.close(ignored);
}

std::string SocketStream::peer_address() const {
  error_code error;
  const Endpoint generic = state_->socket.remote_endpoint(error);
  if (error) return {};
  asio::ip::tcp::endpoint peer;
  if (generic.protocol().family() == AF_UNIX || generic.size() > peer.capacity()) return "unix";
  std::memcpy(peer.data(), generic.data(), generic.size());
  const std::string address = peer.address().to_string();
  return (peer.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(peer.port());
}

}  // namespace mcpo::http
