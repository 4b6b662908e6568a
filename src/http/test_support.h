// For the tests of this module: a loop that runs one coroutine to its end, and a peer that sends
// and reads raw bytes.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <utility>

#include "async/deadline.h"
#include "http/client.h"

namespace mcpo::http {

namespace asio = boost::asio;
using asio::ip::tcp;

inline async::Deadline soon() { return async::Deadline::in(Millis(60'000)); }
inline auto tuple() { return asio::as_tuple(asio::use_awaitable); }

class RawPeer {
 public:
  explicit RawPeer(tcp::socket socket) : socket_(std::move(socket)) {}
  static async::Co<RawPeer> connect(async::Executor executor, std::uint16_t port) {
    tcp::socket socket(executor);
    const tcp::endpoint where(asio::ip::make_address("127.0.0.1"), port);
    co_await socket.async_connect(where, asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    co_return RawPeer(std::move(socket));
  }

  async::Co<> send(std::string bytes) {
    co_await asio::async_write(socket_, asio::buffer(bytes), tuple());
  }
  // Up to and with `end`, or what came before the other side closed.
  async::Co<std::string> read_until(std::string end) {
    char buffer[4096];
    while (in_.find(end) == std::string::npos) {
      auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer), tuple());
      if (error) co_return std::exchange(in_, {});
      in_.append(buffer, size);
    }
    std::string out = in_.substr(0, in_.find(end) + end.size());
    in_.erase(0, out.size());
    co_return out;
  }
  async::Co<std::string> read_all() { co_return co_await read_until("\1never\1"); }
  // One message with a Content-Length.
  async::Co<std::string> read_message() {
    std::string out = co_await read_until("\r\n\r\n");
    const auto at = out.find("Content-Length: ");
    if (at == std::string::npos) co_return out;
    const std::size_t length = std::stoul(out.substr(at + 16));
    while (in_.size() < length) {
      char buffer[4096];
      auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer), tuple());
      if (error) break;
      in_.append(buffer, size);
    }
    out += in_.substr(0, length);
    in_.erase(0, length);
    co_return out;
  }
  tcp::socket& socket() { return socket_; }

 private:
  tcp::socket socket_;
  std::string in_;
};

class LoopTest : public testing::Test {
 public:
  // Runs `test`; what still runs when it ends is dropped with the loop.
  void run(async::Co<> test) {
    auto whole = [](async::Co<> work) -> async::Co<> {
      co_await asio::this_coro::throw_if_cancelled(false);
      co_await std::move(work);
    };
    bool ended = false;
    asio::co_spawn(context, whole(std::move(test)), [&](std::exception_ptr thrown) {
      ended = true;
      context.stop();
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(ended) << "the test did not end";
  }

  asio::io_context context{1};
};

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mcpo::http
