// The endpoint behind the real HTTP server: what a lost connection does is agreed between the two.
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "mcp/transport/endpoint_harness.h"

namespace mcpo::mcp {
namespace {

namespace asio = boost::asio;

class EndpointHandler final : public http::Handler {
 public:
  explicit EndpointHandler(HttpEndpoint& endpoint) : endpoint_(endpoint) {}
  async::Co<> handle(http::Request request, http::Peer peer,
                     http::ResponseWriter& writer) override {
    return endpoint_.handle(std::move(request), std::move(peer), writer);
  }
  http::OnDisconnect on_disconnect(const http::Request& request) const override {
    return endpoint_.on_disconnect(request);
  }
  http::Response shape_error(int status, std::string message) const override {
    return endpoint_.shape_error(status, message);
  }

 private:
  HttpEndpoint& endpoint_;
};

class HttpSocket : public ::testing::Test {
 protected:
  HttpSocket()
      : handler_(harness_.endpoint),
        server_(harness_.io.get_executor(), {}, handler_, Logger::none()) {
    EXPECT_TRUE(server_.listen("127.0.0.1", 0));
    server_.start();
  }
  ~HttpSocket() override {
    bool stopped = false;
    asio::co_spawn(harness_.io, server_.stop(async::Deadline::in(Millis{0})),
                   [&stopped](std::exception_ptr, Result<void>) { stopped = true; });
    run_until([&stopped] { return stopped; });
  }

  asio::ip::tcp::socket send(const http::Request& request) {
    std::string text = request.method + " /mcp HTTP/1.1\r\n";
    for (const auto& [name, value] : request.headers.fields()) text += name + ": " + value + "\r\n";
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
    asio::ip::tcp::socket socket(harness_.io);
    socket.connect({asio::ip::address_v4::loopback(), server_.port()});
    asio::write(socket, asio::buffer(text));
    return socket;
  }
  template <class Condition>
  void run_until(Condition holds) {
    harness_.io.restart();
    while (!holds()) harness_.io.run_one();
  }

  EndpointHarness harness_;
  EndpointHandler handler_;
  http::Server server_;
};

TEST_F(HttpSocket, S45_ModernDisconnectCancels) {
  auto socket = send(harness_.request("POST", harness_.modern("tools/call", "wait"),
                                      harness_.modern_body("tools/call", R"("name":"wait",)")));
  run_until([this] { return harness_.features.waiting == 1; });
  socket.close();
  run_until([this] { return harness_.features.cancelled == 1; });
}

TEST_F(HttpSocket, S33_LegacyDisconnectDoesNot) {
  const Fields session{{"Mcp-Session-Id", harness_.open()}};
  auto socket = send(harness_.request("POST", session, harness_.call_body("wait")));
  run_until([this] { return harness_.features.waiting == 1; });
  socket.close();
  harness_.poll();
  EXPECT_EQ(harness_.features.waiting, 1);
  harness_.features.release();
  run_until([this] { return harness_.features.waiting == 0; });
  EXPECT_EQ(harness_.features.cancelled, 0);
}

TEST_F(HttpSocket, S29_DroppedStreamsLetTheSessionIdle) {
  const Fields session{{"Mcp-Session-Id", harness_.open()}};
  auto socket = send(harness_.request("GET", session));
  run_until([&socket] { return socket.available() > 0; });
  harness_.clock.advance(std::chrono::hours(1));
  harness_.open();
  EXPECT_EQ(harness_.endpoint.sessions(), 2U);
  socket.close();
  run_until([this] { return server_.stats().connections == 0; });
  harness_.clock.advance(std::chrono::minutes(30));
  harness_.open();
  EXPECT_EQ(harness_.endpoint.sessions(), 1U);
}

}  // namespace
}  // namespace mcpo::mcp
