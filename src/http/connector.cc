#include "http/connector.h"

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

// An address that does not answer must leave time for the next one.
async::Deadline share_of(async::Deadline whole, std::size_t addresses_left) {
  if (whole.is_never() || addresses_left < 2) return whole;
  return async::Deadline::in(whole.remaining() / addresses_left);
}

async::Task<std::unique_ptr<TcpStream>> connect_any(async::Executor executor, Endpoints endpoints,
                                                    async::Deadline deadline) {
  Error last{Errc::unavailable, "the host has no address"};
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    auto stream = std::make_unique<TcpStream>(executor);
    const async::Deadline until = share_of(deadline, endpoints.size() - i);
    Result<void> connected = co_await stream->connect(endpoints[i], until);
    if (connected) co_return stream;
    last = std::move(connected).error();
    if (last.code == Errc::cancelled) break;
  }
  co_return std::unexpected(std::move(last));
}

async::Task<std::unique_ptr<TcpStream>> connect_tcp(async::Executor executor, std::string host,
                                                    std::uint16_t port, async::Deadline deadline) {
  CO_TRY(Endpoints endpoints, co_await look_up(executor, std::move(host), port, deadline));
  co_return co_await connect_any(executor, std::move(endpoints), deadline);
}

}  // namespace

async::Task<std::unique_ptr<ByteStream>> Connector::connect(Url url, async::Deadline deadline) {
  const std::string origin = url.origin();
  const std::string where = "connect to " + origin.substr(url.scheme.size() + 3);
  std::string host = url.host;
  auto tcp = co_await connect_tcp(executor_, std::move(host), url.port, deadline);
  if (!tcp) co_return std::unexpected(with_context(std::move(tcp).error(), where));
  if (url.scheme == "http") co_return std::unique_ptr<ByteStream>(*std::move(tcp));
  host = url.host;
  auto secure = co_await tls_.handshake(*std::move(tcp), std::move(host), deadline);
  if (!secure) co_return std::unexpected(with_context(std::move(secure).error(), where));
  co_return *std::move(secure);
}

}  // namespace mcpo::http
