#include "http/server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <set>

#include "async/notifier.h"
#include "async/task_scope.h"
#include "http/connection.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr Millis kDeadlineCheck{500};
constexpr Millis kAcceptPause{50};  // out of descriptors: others may close theirs

Result<asio::ip::address> to_address(const std::string& text) {
  boost::system::error_code error;
  auto address = asio::ip::make_address(text == "localhost" ? "127.0.0.1" : text, error);
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
  return {Errc::invalid, "cannot listen at " + where + ": " + error.message()};
}

}  // namespace

Response Handler::shape_error(int status, std::string message) const {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(message) + "\n"};
}

struct Server::Impl {
  Impl(async::Executor executor, ServerLimits limits, Handler& handler, Logger& logger)
      : exec(executor),
        state{limits, handler, logger},
        log(logger),
        acceptor(executor),
        closed(executor),
        scope(executor, logger) {}

  async::Task<void> accept_all();
  async::Task<void> check_deadlines();
  async::Task<void> serve(std::shared_ptr<Connection> connection);
  void take(tcp::socket socket);
  void refuse(tcp::socket socket);

  async::Executor exec;
  ServerState state;
  Logger& log;
  tcp::acceptor acceptor;
  std::set<std::shared_ptr<Connection>> connections;
  async::Notifier closed;
  async::TaskScope scope;
};

async::Task<void> Server::Impl::accept_all() {
  while (true) {
    CO_CHECK_OK(co_await async::check_cancelled());
    auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted || !acceptor.is_open()) break;
    if (error) {
      log.warn("a connection could not be accepted", {{"cause", error.message()}});
      CO_CHECK_OK(co_await async::sleep_for(kAcceptPause));
      continue;
    }
    if (connections.size() >= state.limits.max_connections) {
      refuse(std::move(socket));
    } else {
      take(std::move(socket));
    }
  }
  co_return Result<void>{};
}

void Server::Impl::take(tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  auto connection = std::make_shared<Connection>(std::move(socket), state);
  connections.insert(connection);
  auto handle = scope.spawn_cancellable("connection", serve(connection));
  connection->set_cancel([handle]() mutable { handle.cancel(); });
}

async::Task<void> Server::Impl::serve(std::shared_ptr<Connection> connection) {
  auto ended = co_await connection->run();
  connection->set_cancel({});
  connections.erase(connection);
  closed.notify_all();
  co_return ended;
}

// One write that fits any socket buffer, then gone: there is no room to wait for this peer.
void Server::Impl::refuse(tcp::socket socket) {
  Response response = state.handler.shape_error(503, "too many connections; try again in a second");
  response.headers.add("Content-Length", std::to_string(response.body.size()));
  response.headers.set("Retry-After", "1");
  response.headers.add("Connection", "close");
  const std::string text = wire::response_head(503, response.headers, {}) + response.body;
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

async::Task<void> Server::Impl::check_deadlines() {
  while (true) {
    CO_CHECK_OK(co_await async::sleep_for(kDeadlineCheck));
    const auto now = std::chrono::steady_clock::now();
    for (const auto& connection : connections) connection->check_deadline(now);
  }
}

Server::Server(async::Executor executor, ServerLimits limits, Handler& handler, Logger& log)
    : impl_(std::make_unique<Impl>(std::move(executor), limits, handler, log)) {}

Server::~Server() = default;

Result<void> Server::listen(const std::string& address, std::uint16_t port) {
  TRY(asio::ip::address ip, to_address(address));
  const tcp::endpoint endpoint(ip, port);
  boost::system::error_code error;
  auto& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return std::unexpected(listen_error(error, address, port));
  return {};
}

std::uint16_t Server::port() const {
  boost::system::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

void Server::start() {
  impl_->scope.spawn("accept", impl_->accept_all());
  impl_->scope.spawn("deadlines", impl_->check_deadlines());
}

async::Task<void> Server::stop(async::Deadline deadline) {
  Impl& impl = *impl_;
  impl.state.stopping = true;
  boost::system::error_code ignored;
  impl.acceptor.close(ignored);
  const auto all = impl.connections;
  for (const auto& connection : all) {
    if (connection->phase() == Connection::Phase::handling) continue;
    connection->cancel();
    if (connection->phase() != Connection::Phase::streaming) connection->close();
  }
  while (!impl.connections.empty()) {
    if (!co_await impl.closed.wait_change(impl.closed.version(), deadline)) break;
  }
  for (const auto& connection : impl.connections) connection->close();
  co_return co_await impl.scope.close(async::Deadline::in(Millis(1'000)));
}

Server::Stats Server::stats() const {
  return {impl_->connections.size(), impl_->state.requests_running};
}

}  // namespace mcpo::http
