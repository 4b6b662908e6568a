// Our client against our server, over real sockets.
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "async/one_shot.h"
#include "http/client.h"
#include "http/server.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

async::Deadline soon() { return async::Deadline::in(Millis(60'000)); }

// Answers by path.
struct TestHandler final : Handler {
  explicit TestHandler(async::Executor executor) : release(executor) {}

  async::Co<> handle(Request request, Peer, ResponseWriter& writer) override {
    if (request.path() == "/stream") {
      Response head{.headers = {{"Content-Type", "text/event-stream"}}};
      (void)co_await writer.begin_stream(std::move(head));
      for (int i = 0; i < 3; ++i) (void)co_await writer.write("piece" + std::to_string(i));
      (void)co_await writer.end_stream();
      co_return;
    }
    if (request.path() == "/wait") {
      auto waited = co_await release.wait(async::Deadline::never());
      was_cancelled = !waited && waited.error().code == Errc::cancelled;
      finished = true;
    }
    Response out{.status = 200, .body = request.method + " " + request.target + " " + request.body};
    (void)co_await writer.send(std::move(out));
  }
  OnDisconnect on_disconnect(const Request& request) const override {
    return request.query() == "keep" ? OnDisconnect::keep_running : OnDisconnect::cancel_handler;
  }

  async::OneShot<int> release;
  bool was_cancelled = false;
  bool finished = false;
};

class ClientServerTest : public testing::Test {
 public:
  void start(ServerLimits limits = {}) {
    server = std::make_unique<Server>(context.get_executor(), limits, handler, Logger::none());
    ASSERT_TRUE(server->listen("127.0.0.1", 0).has_value());
    server->start();
    client = make_client(context.get_executor(), {}, Logger::none());
  }

  // Runs `test`, then stops the server.
  void run(std::function<async::Co<>()> test) {
    auto all = [](ClientServerTest& self, std::function<async::Co<>()> work) -> async::Co<> {
      co_await asio::this_coro::throw_if_cancelled(false);
      co_await work();
      self.client.reset();
      (void)co_await self.server->stop(soon());
      self.context.stop();
    };
    asio::co_spawn(context, all(*this, std::move(test)), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(context.stopped());
  }

  Url url(const std::string& target) const {
    return parse_url("http://127.0.0.1:" + std::to_string(server->port()) + target).value();
  }

  async::Task<std::string> post(std::string target, std::string body) {
    Request request{.method = "POST", .body = std::move(body)};
    Url where = url(target);
    CO_TRY(StreamedResponse response, co_await client->open(std::move(where), std::move(request),
                                                            Client::Retry::only_if_unsent, soon()));
    CO_TRY(std::string text, co_await read_body(*response.body, 1 << 20, soon()));
    co_return std::to_string(response.status) + " " + text;
  }

  // Sends raw bytes and returns everything that comes back until the server closes.
  async::Co<std::string> raw(std::string bytes) {
    tcp::socket socket(context);
    const tcp::endpoint where(asio::ip::make_address("127.0.0.1"), server->port());
    co_await socket.async_connect(where, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
    std::string out;
    (void)co_await asio::async_read(socket, asio::dynamic_buffer(out),
                                    asio::as_tuple(asio::use_awaitable));
    co_return out;
  }

  asio::io_context context{1};
  TestHandler handler{context.get_executor()};
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> client;
};

TEST_F(ClientServerTest, AnswersAndKeepsTheConnection) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    for (int i = 0; i < 3; ++i) {
      auto answer = co_await t.post("/echo?a=1", "hello");
      EXPECT_EQ(answer.value_or("none"), "200 POST /echo?a=1 hello");
    }
    EXPECT_EQ(t.server->stats().connections, 1u);
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, StreamsPieces) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    auto answer = co_await t.post("/stream", "");
    EXPECT_EQ(answer.value_or("none"), "200 piece0piece1piece2");
    auto again = co_await t.post("/echo", "x");
    EXPECT_EQ(again.value_or("none"), "200 POST /echo x");
    EXPECT_EQ(t.server->stats().connections, 1u);
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, LargeBodiesArriveWhole) {
  ServerLimits limits;
  start(limits);
  auto body = [](ClientServerTest& t) -> async::Co<> {
    const std::string big(900'000, 'b');
    auto answer = co_await t.post("/echo", big);
    EXPECT_EQ(answer.value_or("none"), "200 POST /echo " + big);
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, TooLargeBodyGets413BeforeItIsRead) {
  ServerLimits limits;
  limits.max_body_bytes = 10;
  start(limits);
  auto body = [](ClientServerTest& t) -> async::Co<> {
    auto answer = co_await t.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413")) << answer;
    auto chunked = co_await t.raw(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n12345678901234567890"
        "\r\n0\r\n\r\n");
    EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413")) << chunked;
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, TooLargeHeadGets431) {
  ServerLimits limits;
  limits.max_header_bytes = 2'000;
  start(limits);
  auto body = [](ClientServerTest& t) -> async::Co<> {
    auto answer =
        co_await t.raw("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(3'000, 'x') + "\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 431")) << answer;
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, RubbishGets400) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    auto answer = co_await t.raw("this is not http\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << answer;
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    auto answer = co_await t.raw(
        "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\nConnection: "
        "close\r\n\r\n");
    const auto one = answer.find("GET /one");
    const auto two = answer.find("GET /two");
    EXPECT_NE(one, std::string::npos);
    EXPECT_NE(two, std::string::npos);
    EXPECT_LT(one, two);
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, TooManyRequestsGet503WithRetryAfter) {
  ServerLimits limits;
  limits.max_concurrent_requests = 0;
  start(limits);
  auto body = [](ClientServerTest& t) -> async::Co<> {
    auto answer = co_await t.raw("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503")) << answer;
    EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos);
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, LostPeerCancelsTheHandlerWhereItSaysSo) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    {
      tcp::socket socket(t.context);
      const tcp::endpoint where(asio::ip::make_address("127.0.0.1"), t.server->port());
      co_await socket.async_connect(where, asio::use_awaitable);
      const std::string text = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
      co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
      while (t.server->stats().requests_running == 0) (void)co_await async::sleep_for(Millis(1));
    }
    while (!t.handler.finished) (void)co_await async::sleep_for(Millis(1));
    EXPECT_TRUE(t.handler.was_cancelled);
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, LostPeerLeavesTheHandlerRunningWhereItSaysSo) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    {
      tcp::socket socket(t.context);
      const tcp::endpoint where(asio::ip::make_address("127.0.0.1"), t.server->port());
      co_await socket.async_connect(where, asio::use_awaitable);
      const std::string text = "GET /wait?keep HTTP/1.1\r\nHost: x\r\n\r\n";
      co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
      while (t.server->stats().requests_running == 0) (void)co_await async::sleep_for(Millis(1));
    }
    (void)co_await async::sleep_for(Millis(20));
    EXPECT_FALSE(t.handler.finished);
    t.handler.release.set(1);
    while (!t.handler.finished) (void)co_await async::sleep_for(Millis(1));
    EXPECT_FALSE(t.handler.was_cancelled);
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, RefusedConnectionSaysWhere) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    Url nowhere = t.url("/x?key=secret");
    nowhere.port = 1;
    Request request{.method = "GET"};
    auto answer =
        co_await t.client->open(nowhere, std::move(request), Client::Retry::idempotent, soon());
    EXPECT_FALSE(answer.has_value());
    if (!answer) {
      EXPECT_EQ(answer.error().code, Errc::unavailable);
      EXPECT_EQ(answer.error().message, "connect to 127.0.0.1:1: connection refused");
    }
  };
  run([&] { return body(*this); });
}

TEST_F(ClientServerTest, DeadlineEndsAWait) {
  start();
  auto body = [](ClientServerTest& t) -> async::Co<> {
    Request request{.method = "GET"};
    auto answer =
        co_await t.client->open(t.url("/wait"), std::move(request), Client::Retry::idempotent,
                                async::Deadline::in(Millis(30)));
    EXPECT_FALSE(answer.has_value());
    if (!answer) {
      EXPECT_EQ(answer.error().code, Errc::timeout);
    }
  };
  run([&] { return body(*this); });
}

TEST(UrlTest, PartsAndSecrets) {
  const auto url = parse_url("https://user:pw@Example.COM/a/b?key=1&x=2#frag").value();
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.target, "/a/b?key=1&x=2");
  EXPECT_EQ(url.redacted(), "https://example.com/a/b?key=***&x=***");
  EXPECT_EQ(url.origin(), "https://example.com:443");
  EXPECT_EQ(url.authority(), "example.com");
  EXPECT_EQ(parse_url("http://[::1]:8080").value().authority(), "[::1]:8080");
  EXPECT_FALSE(parse_url("ftp://x/").has_value());
  EXPECT_FALSE(parse_url("not a url").has_value());
  EXPECT_FALSE(parse_url("http://").has_value());
  EXPECT_EQ(resolve(url, "../c?d").value().target, "/c?d");
  EXPECT_EQ(resolve(url, "http://other/").value().host, "other");
  EXPECT_TRUE(is_loopback_host("127.0.0.5"));
  EXPECT_TRUE(is_loopback_host("::1"));
  EXPECT_FALSE(is_loopback_host("10.0.0.1"));
}

}  // namespace
}  // namespace mcpo::http
