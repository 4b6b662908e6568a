#include "http/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <list>

#include "async/notifier.h"
#include "async/task_scope.h"
#include "http/connection.h"
#include "http/message_writer.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr Millis kAcceptPause{50};
constexpr Millis kStopGrace{1'000};  // for what was cancelled to end
// Connections over the limit that are told so and then given time to read it.
constexpr std::size_t kMaxRefusing = 64;

auto tuple() { return asio::as_tuple(asio::use_awaitable); }

Result<asio::ip::address> to_address(const std::string& text) {
  std::string plain = text == "localhost" ? "127.0.0.1" : text;
  if (plain.starts_with('[') && plain.ends_with(']')) plain = plain.substr(1, plain.size() - 2);
  boost::system::error_code error;
  auto address = asio::ip::make_address(plain, error);
  if (error) {
    return fail(Errc::invalid, "--host: \"" + text + "\" is not an IP address or localhost");
  }
  return address;
}

Error listen_error(const boost::system::error_code& error, const std::string& address,
                   std::uint16_t port) {
  const std::string where = "port " + std::to_string(port) + " on " + address;
  if (error == asio::error::address_in_use) {
    return {Errc::unavailable, where + " is in use by another program; choose another with --port"};
  }
  if (error == asio::error::access_denied) return {Errc::denied, where + ": permission denied"};
  return {Errc::invalid, "cannot listen at " + where + ": " + describe(error)};
}

}  // namespace

Response Handler::shape_error(int status, std::string message) const {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(message) + "\n"};
}

struct Server::Impl {
  struct State;
  Impl(async::Executor executor, ServerLimits limits, Handler& handler, Logger& log);

  static async::Task<void> accept_all(std::shared_ptr<State> state);

  std::shared_ptr<State> state;
  async::TaskScope scope;
};

// Lives on in the connections that still end when the server is gone.
struct Server::Impl::State : ServerShare, std::enable_shared_from_this<State> {
  State(async::Executor e, ServerLimits l, Handler& h, Logger& lg)
      : ServerShare(l, h, lg), executor(std::move(e)), acceptor(executor), ended(executor) {}

  void take(tcp::socket socket);
  void refuse_at_once(tcp::socket socket);
  void spawn(std::list<Connection>::iterator at, async::Task<void> work);
  void cancel_all();

  async::Executor executor;
  tcp::acceptor acceptor;
  std::list<Connection> connections;
  async::Notifier ended;  // of a connection, while stopping
  LogRateLimit accept_errors{3, 60'000};
};

Server::Impl::Impl(async::Executor executor, ServerLimits limits, Handler& handler, Logger& log)
    : state(std::make_shared<State>(executor, limits, handler, log)), scope(executor, log) {}

void Server::Impl::State::take(tcp::socket socket) {
  const std::size_t open = connections.size();
  if (open >= limits.max_connections + kMaxRefusing) return refuse_at_once(std::move(socket));
  connections.emplace_back(std::move(socket), *this);
  const auto at = std::prev(connections.end());
  spawn(at, open >= limits.max_connections ? at->run_refusing() : at->run());
}

void Server::Impl::State::spawn(std::list<Connection>::iterator at, async::Task<void> work) {
  auto done = [self = shared_from_this(), at](std::exception_ptr thrown, const Result<void>&) {
    if (thrown) self->log.error("a connection ended by an exception");
    self->connections.erase(at);
    if (self->stopping) self->ended.notify_all();
  };
  asio::co_spawn(executor, std::move(work),
                 asio::bind_cancellation_slot(at->cancel_slot(), std::move(done)));
}

// One write that fits any socket buffer, then gone: there is no room to wait for this peer.
void Server::Impl::State::refuse_at_once(tcp::socket socket) {
  Headers headers{{"Retry-After", "1"}};
  const std::string text =
      response_head(503, headers, "Connection: close\r\nContent-Length: 0\r\n");
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
}

void Server::Impl::State::cancel_all() {
  for (Connection& connection : connections) connection.cancel();
}

// Cancelled by the acceptor's closing.
async::Task<void> Server::Impl::accept_all(std::shared_ptr<State> state) {
  while (state->acceptor.is_open()) {
    auto [error, socket] = co_await state->acceptor.async_accept(tuple());
    if (error == asio::error::operation_aborted) break;
    if (!error) {
      state->take(std::move(socket));
      continue;
    }
    const auto now = std::chrono::steady_clock::now().time_since_epoch() / Millis(1);
    if (state->accept_errors.pass(now).allowed) {
      state->log.warn("a connection could not be accepted", {{"cause", describe(error)}});
    }
    // Mostly out of descriptors: others may close theirs.
    CO_CHECK_OK(co_await async::sleep_for(kAcceptPause));
  }
  co_return Result<void>();
}

Server::Server(async::Executor executor, ServerLimits limits, Handler& handler, Logger& log)
    : impl_(std::make_unique<Impl>(std::move(executor), limits, handler, log)) {}

Server::~Server() {
  Impl::State& state = *impl_->state;
  state.stopping = true;
  state.abandoned = true;
  boost::system::error_code ignored;
  state.acceptor.close(ignored);
  state.cancel_all();
}

Result<void> Server::listen(const std::string& address, std::uint16_t port) {
  TRY(asio::ip::address ip, to_address(address));
  const tcp::endpoint endpoint(ip, port);
  boost::system::error_code error;
  auto& acceptor = impl_->state->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return {};
  boost::system::error_code ignored;
  acceptor.close(ignored);
  return std::unexpected(listen_error(error, address, port));
}

std::uint16_t Server::port() const {
  boost::system::error_code ignored;
  return impl_->state->acceptor.local_endpoint(ignored).port();
}

void Server::start() { impl_->scope.spawn("accept", Impl::accept_all(impl_->state)); }

async::Task<void> Server::stop(async::Deadline deadline) {
  const auto state = impl_->state;
  state->stopping = true;
  boost::system::error_code ignored;
  state->acceptor.close(ignored);
  for (Connection& connection : state->connections) {
    const auto phase = connection.phase();
    const bool is_awaited =
        phase == Connection::Phase::handling || phase == Connection::Phase::reading;
    if (!is_awaited) connection.cancel();
  }
  CO_CHECK_OK(co_await impl_->scope.close(async::Deadline::in(kStopGrace)));
  while (!state->connections.empty()) {
    if (!co_await state->ended.wait_change(state->ended.version(), deadline)) break;
  }
  state->cancel_all();
  const auto last = async::Deadline::in(kStopGrace);
  while (!state->connections.empty()) {
    CO_CHECK_OK(co_await state->ended.wait_change(state->ended.version(), last));
  }
  co_return Result<void>();
}

Server::Stats Server::stats() const {
  return {impl_->state->connections.size(), impl_->state->requests_running};
}

}  // namespace mcpo::http
