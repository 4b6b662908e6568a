#include "http/connector.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <vector>

#include "async/one_shot.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

// The system's look-up cannot be interrupted, so what it finds too late goes nowhere.
async::Task<Endpoints> look_up(async::Executor executor, std::string host, std::uint16_t port,
                               async::Deadline deadline) {
  boost::system::error_code error;
  const auto literal = asio::ip::make_address(host, error);
  if (!error) co_return Endpoints{tcp::endpoint(literal, port)};
  auto answer = std::make_shared<async::OneShot<Endpoints>>(executor);
  auto resolver = std::make_shared<tcp::resolver>(executor);
  resolver->async_resolve(
      host, std::to_string(port),
      [answer, resolver](boost::system::error_code failed, tcp::resolver::results_type results) {
        if (failed) return answer->set(fail(Errc::unavailable, describe(failed)));
        answer->set(Endpoints(results.begin(), results.end()));
      });
  co_return co_await answer->wait(deadline);
}

// An address longer than the system's structure holds would throw.
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

async::Task<std::unique_ptr<SocketStream>> connect_unix(async::Executor executor, std::string path,
                                                        async::Deadline deadline) {
  if (path.size() > kMaxSocketPath) {
    co_return fail(Errc::invalid, "the socket's path is longer than the system allows");
  }
  auto stream = std::make_unique<SocketStream>(executor);
  const asio::local::stream_protocol::endpoint where(path);
  CO_CHECK_OK(co_await stream->connect(where, deadline));
  co_return stream;
}

// An address that does not answer must leave time for the next one.
async::Deadline share_of(async::Deadline whole, std::size_t addresses_left) {
  if (whole.is_never() || addresses_left < 2) return whole;
  return async::Deadline::in(whole.remaining() / addresses_left);
}

async::Task<std::unique_ptr<SocketStream>> connect_any(async::Executor executor,
                                                       Endpoints endpoints,
                                                       async::Deadline deadline) {
  Error last{Errc::unavailable, "the host has no address"};
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    auto stream = std::make_unique<SocketStream>(executor);
    const async::Deadline until = share_of(deadline, endpoints.size() - i);
    Result<void> connected = co_await stream->connect(endpoints[i], until);
    if (connected) co_return stream;
    last = std::move(connected).error();
    if (last.code == Errc::cancelled) break;
  }
  co_return std::unexpected(std::move(last));
}

async::Task<std::unique_ptr<SocketStream>> connect_tcp(async::Executor executor, std::string host,
                                                       std::uint16_t port,
                                                       async::Deadline deadline) {
  CO_TRY(Endpoints endpoints, co_await look_up(executor, std::move(host), port, deadline));
  co_return co_await connect_any(executor, std::move(endpoints), deadline);
}

async::Task<std::unique_ptr<SocketStream>> connect_socket(async::Executor executor, Url url,
                                                          async::Deadline deadline) {
  if (!url.unix_socket.empty()) {
    co_return co_await connect_unix(executor, std::move(url.unix_socket), deadline);
  }
  co_return co_await connect_tcp(executor, std::move(url.host), url.port, deadline);
}

// Not even the connection's own words were exchanged: of the request nothing was sent.
Error not_reached(Error error, std::string_view where) {
  if (error.cause == Cause::unspecified) error.cause = Cause::not_reached;
  return with_context(std::move(error), where);
}

}  // namespace

async::Task<std::unique_ptr<ByteStream>> Connector::connect(Url url, async::Deadline deadline) {
  const std::string origin = url.origin();
  const std::string where = "connect to " + origin.substr(url.scheme.size() + 3);
  const bool is_secure = url.scheme == "https";
  std::string host = url.host;
  auto socket = co_await connect_socket(executor_, std::move(url), deadline);
  if (!socket) co_return std::unexpected(not_reached(std::move(socket).error(), where));
  if (!is_secure) co_return std::unique_ptr<ByteStream>(*std::move(socket));
  auto secure = co_await tls_.handshake(*std::move(socket), std::move(host), deadline);
  if (!secure) co_return std::unexpected(not_reached(std::move(secure).error(), where));
  co_return *std::move(secure);
}

}  // namespace mcpo::http
